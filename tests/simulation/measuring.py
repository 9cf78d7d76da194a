"""What a test measured. It is kept in pytest's own report, of which docs/reliability.md is made:
`pytest tests/simulation -o junit_family=xunit1 --junitxml=FILE`."""

from collections.abc import Callable

Measured = Callable[[str, object], None]
"""The fixture `record_property`."""
