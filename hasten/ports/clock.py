"""Time and randomness come in from outside, so that tests decide them."""

from collections.abc import Callable
from datetime import UTC, datetime

Now = Callable[[], datetime]
"""The current time, UTC and aware."""

NewId = Callable[[], str]

Jitter = Callable[[], float]
"""Uniform in [0, 1)."""


def utc_now() -> datetime:
    return datetime.now(UTC)
