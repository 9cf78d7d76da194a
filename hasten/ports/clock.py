"""Defines the sources of time, ids and randomness, so that tests can replace them."""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
"""Returns the current time, aware, in UTC."""

NewId = Callable[[], str]
"""Returns a new random id."""

Jitter = Callable[[], float]
"""Returns a random number, uniform in [0, 1)."""


def utc_now() -> datetime:
    return datetime.now(UTC)
