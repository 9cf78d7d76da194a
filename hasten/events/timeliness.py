"""Decides which times of an event are acceptable now."""

from datetime import datetime, timedelta

from hasten.events.fault_codes import FaultCode
from hasten.events.faults import Fault, fault
from hasten.events.models import (
    MAX_CLOCK_AHEAD,
    MAX_TIME_TO_END,
    MAX_TIME_TO_START,
    Data,
    Offboard,
    Onboard,
    starts_at,
)
from hasten.limits import RETENTION

LATEST_START = MAX_TIME_TO_START + RETENTION
"""Longest time from the `time` of an event to the moment at which Hasten takes it, if it has no
end: the start may be that far ahead, and Hasten may be off when it comes."""

LATEST_END = RETENTION + MAX_TIME_TO_END + RETENTION
"""The same for an event that takes access at an end: such an event may also arrive late."""

_LAST_PLACEHOLDER_YEAR = 1900
"""Years of the zero dates of programs: 0001 (.NET), 1753 and 1900 (SQL Server), 1899 (OLE
Automation)."""

_FIRST_PLACEHOLDER_YEAR = 9999
"""Year of dates without end, such as 9999-12-31 of SAP and SQL Server."""

_EPOCH_YEARS = frozenset({1969, 1970})
"""Years of second zero of Unix, in any time zone."""


def untimely(time: datetime, data: Data, now: datetime, *, is_deferred: bool) -> list[Fault]:
    """Returns the faults in the event's times. `is_deferred` means that Hasten itself sends the
    event again at its startAt or endAt: it was in time when it arrived, and its age counts from
    then."""
    faults = []
    if time > now + MAX_CLOCK_AHEAD:
        faults.append(fault(FaultCode.FUTURE, "time"))
    since = max(time, starts_at(data) or time) if is_deferred else time
    if since < now - RETENTION:
        faults.append(fault(FaultCode.TOO_OLD, "time"))
    if isinstance(data, Onboard) and data.start_at:
        faults += _start(data.start_at, time)
    if isinstance(data, (Onboard, Offboard)) and data.end_at:
        faults += _end(data.end_at, now, has_to_lie_ahead=isinstance(data, Onboard))
    return faults


def _start(start: datetime, time: datetime) -> list[Fault]:
    if _is_placeholder(start):
        return [fault(FaultCode.NO_DATE, "data.startAt")]
    if start - time > MAX_TIME_TO_START:
        return [fault(FaultCode.START_TOO_FAR, "data.startAt")]
    return []


def _end(end: datetime, now: datetime, *, has_to_lie_ahead: bool) -> list[Fault]:
    if _is_placeholder(end):
        return [fault(FaultCode.NO_DATE, "data.endAt")]
    if end > now + MAX_TIME_TO_END:
        return [fault(FaultCode.END_TOO_FAR, "data.endAt")]
    if has_to_lie_ahead and end <= now:
        return [fault(FaultCode.END_PAST, "data.endAt")]
    return []


def _is_placeholder(at: datetime) -> bool:
    """Returns whether the time is a placeholder. A day around it counts too, because a placeholder
    in local time may fall on the day before or after."""
    if not _LAST_PLACEHOLDER_YEAR < at.year < _FIRST_PLACEHOLDER_YEAR:
        return True
    day = timedelta(days=1)
    return at.year in _EPOCH_YEARS and abs(at.replace(tzinfo=None) - datetime(1970, 1, 1)) <= day  # noqa: DTZ001 - the clock time as written
