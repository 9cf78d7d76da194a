"""What a test measured, kept in pytest's own report: `pytest --junitxml=… tests/simulation`."""

from collections.abc import Callable

Measured = Callable[[str, object], None]
"""The fixture `record_property`."""
