"""Divides time into the buckets in which equal looks of the webhook are one message."""

from datetime import UTC, datetime, timedelta

LOOK_BUCKET = timedelta(seconds=2)
"""Service Bus drops equal looks of one bucket. A last look at its end finds the changes whose
messages it dropped."""


def number(at: datetime) -> int:
    return int(at.timestamp() // LOOK_BUCKET.total_seconds())


def end(at: datetime) -> datetime:
    """Returns the end of the bucket in which `at` lies."""
    return datetime.fromtimestamp((number(at) + 1) * LOOK_BUCKET.total_seconds(), UTC)
