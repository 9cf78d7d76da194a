"""Reads the Retry-After of an HTTP answer."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from hasten.limits import MAX_RETRY_AFTER


def retry_after(response: httpx.Response) -> timedelta | None:
    """Returns the delay that the server asks for: seconds, whole or not, or an HTTP date (RFC
    9110); at most MAX_RETRY_AFTER. None if it asks for none."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", value):
        return timedelta(seconds=min(float(value), MAX_RETRY_AFTER.total_seconds()))
    at = _date(value)
    if at is None:
        return None
    sent_at = _date(response.headers.get("Date", "")) or datetime.now(UTC)
    return min(max(timedelta(0), at - sent_at), MAX_RETRY_AFTER)


def _date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
