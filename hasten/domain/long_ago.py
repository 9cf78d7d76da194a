"""Defines the time that stands for 'never yet': it is before every other time."""

from datetime import UTC, datetime

LONG_AGO = datetime.min.replace(tzinfo=UTC)
