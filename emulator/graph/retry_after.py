"""Writes Retry-After in its various forms (RFC 9110)."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime

from emulator.entra.behaviours import RetryAfter

A_BIT = 0.25
"""Seconds added to make a decimal number."""


def spelled(form: RetryAfter, seconds: str, wall: float) -> str | None:
    """Returns the header for whole `seconds` at the real epoch seconds `wall`, or None for no
    header. A value that is not whole seconds stays unchanged."""
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
