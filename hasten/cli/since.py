"""Reads the times that an operator gives on the command line."""

import re
from datetime import UTC, datetime, timedelta

from hasten.cli.running import UsageError

SPAN_PATTERN = re.compile(r"(\d{1,5})([mhdw])")
UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
SINCE_HELP = (
    "A time in UTC (2026-11-01, 2026-11-01T08:00Z), or a span back from now (30m, 12h, 7d, 4w)."
)


def moment(option: str, given: str, now: datetime) -> datetime:
    """Returns the time that `given` names: a date or a time in UTC unless it has an offset, or a
    span back from `now`. Raises UsageError that names the option."""
    text = given.strip()
    if span := SPAN_PATTERN.fullmatch(text):
        return now - int(span[1]) * UNITS[span[2]]
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # in UTC it may lie before the year 1 or after 9999
        raise UsageError(f"{option} {text} is no time: give one like 2026-11-01 or 7d") from None
