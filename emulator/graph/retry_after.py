"""The forms in which a refused request is told when to come back (RFC 9110, Retry-After)."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime

from emulator.entra.behaviours import RetryAfter

A_BIT = 0.25
"""Seconds by which a decimal is not whole."""


def spelled(form: RetryAfter, seconds: str, wall: float) -> str | None:
    """The header for whole `seconds` at the real epoch seconds `wall`; None for no header. What is
    not whole seconds stays as it is."""
    if not seconds.isdigit():
        return seconds
    match form:
        case RetryAfter.SECONDS:
            return seconds
        case RetryAfter.DECIMAL:
            return str(int(seconds) + A_BIT)
        case RetryAfter.DATE:
            at = datetime.fromtimestamp(math.ceil(wall + int(seconds)), UTC)
            return format_datetime(at, usegmt=True)
        case RetryAfter.ABSENT:
            return None
