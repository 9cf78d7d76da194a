"""Writes the time of a call as a text, with the process whose clock showed it."""

from datetime import datetime

from hasten.domain.clocks import Stamp
from hasten.records.fields import moment


def text_of(stamp: Stamp) -> str:
    return f"{stamp.stored.isoformat()} {stamp.clock}"


def read(text: str, clock: str | None, now: datetime) -> Stamp:
    """Returns the stamp as the process `clock` sees it at `now`; with None as it was written."""
    stored, _, by = text.partition(" ")
    return Stamp.read(moment(stored), by, ours=by if clock is None else clock, now=now)
