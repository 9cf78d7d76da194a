"""Finds the triggers that have stopped: a timer has done their work since their last message."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.context import Context
from hasten.domain.long_ago import LONG_AGO
from hasten.operate.problems import Problem
from hasten.ports.bus import ENSURE, PROVISIONING
from hasten.records import arrivals, lease_record
from hasten.records.lease_record import WorkKind

WORK_KINDS = {PROVISIONING: WorkKind.DRAIN, ENSURE: WorkKind.ENSURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentTrigger:
    """`target` is empty where the whole queue is meant. `came_at` is when the last message reached
    a function; None if none ever did. `stood_in_at` is when a timer last did the work."""

    queue: str
    target: str = ""
    came_at: datetime | None
    stood_in_at: datetime


async def silent_triggers(context: Context) -> Sequence[SilentTrigger]:
    """Returns the silent triggers of all queues and targets. Raises TemporaryError."""
    of_targets = await asyncio.gather(*(silent_in(context, name) for name in context.targets))
    return [*await silent_queues(context), *(one for found in of_targets for one in found)]


async def silent_queues(context: Context) -> Sequence[SilentTrigger]:
    """Returns the queues of which no message has reached a function since a timer did the work.
    Raises TemporaryError."""
    return [
        SilentTrigger(queue=queue, came_at=_time(seen.came_at), stood_in_at=seen.stood_in_at)
        for queue, seen in (await arrivals.load_all(context.store)).items()
        if seen.is_stood_in_for
    ]


async def silent_in(context: Context, target: str) -> Sequence[SilentTrigger]:
    """Returns the silent triggers of one target. Raises TemporaryError."""
    records = await asyncio.gather(
        *(lease_record.load(context.store, target, kind) for kind in WORK_KINDS.values())
    )
    return [
        SilentTrigger(
            queue=queue,
            target=target,
            came_at=_time(record.came_at),
            stood_in_at=record.stood_in_at,
        )
        for queue, record in zip(WORK_KINDS, records, strict=True)
        if record.is_stood_in_for
    ]


def problem_of(silent: SilentTrigger) -> Problem:
    about = f" about {silent.target}" if silent.target else ""
    since = f"since {silent.came_at:%Y-%m-%d %H:%M}Z" if silent.came_at else "yet"
    function = silent.queue.replace("-", "_")
    return Problem(
        f"no message of {silent.queue}{about} has reached its function {since}; a timer did the "
        f"work, the last time at {silent.stood_in_at:%Y-%m-%d %H:%M}Z",
        f"check that the function {function} is enabled, then restart the app",
    )


def _time(at: datetime) -> datetime | None:
    return at if at > LONG_AGO else None
