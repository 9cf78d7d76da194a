"""Stops all calls and writes of Hasten, or lets them go on, as an operator decides."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from hasten.context import Context
from hasten.domain.history import EntryKind
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure, Wake
from hasten.operate.audited import Subject, audited
from hasten.records import job_seen, stops
from hasten.records.stops import ALL_TARGETS, StopRecord
from hasten.telemetry.operate import StopDecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(StopRecord):
    """A start, and the stops that are in force for the same target nevertheless: that of all
    targets, or, if all were started, those of single targets."""

    still_stopped: Sequence[StopRecord]


async def stop(
    context: Context, target: str, *, by: str, reason: str, named: str = ""
) -> StopRecord:
    """Stops the target, which may be ALL_TARGETS. `by` is who decides as far as Hasten knows,
    `named` whom the operator gives instead. Raises Conflict if somebody else decided at the same
    moment, and TemporaryError."""
    return await _decide(context, target, by=by, reason=reason, named=named, is_stop=True)


async def start(context: Context, target: str, *, by: str, reason: str, named: str = "") -> Started:
    """Lets the target go on and wakes it at once. If Service Bus does not answer, the timers wake
    it within a minute. Raises PermanentError for a target that is another app than before, and the
    same errors as `stop`; after each of them a second start does no harm."""
    await job_seen.refuse_another_app(context.store, target)
    decision = await _decide(context, target, by=by, reason=reason, named=named, is_stop=False)
    for name in context.targets if target == ALL_TARGETS else [target]:
        for message in (Wake(target=name), Ensure(target=name)):
            with suppress(PermanentError, TemporaryError):
                await context.send(message)
    still_stopped = await stops.in_force(context.store, target)
    return Started(**asdict(decision), still_stopped=still_stopped)


async def report_stops(context: Context) -> None:
    """Emits an event for each stop in force, every time, and one event for each start. Raises
    TemporaryError."""
    for decision in await stops.load_all(context.store):
        if decision.is_stop or not decision.is_reported:
            context.emit(_decided(decision))
        if not decision.is_reported:
            await stops.reported(context.store, decision)


def _decided(decision: StopRecord) -> StopDecided:
    return StopDecided(
        result="in_force" if decision.is_stop else "lifted",
        target=decision.target,
        by=decision.by,
        reason=decision.reason,
        since=decision.at.isoformat(),
    )


async def _decide(
    context: Context, target: str, *, by: str, reason: str, named: str, is_stop: bool
) -> StopRecord:
    decision = StopRecord(
        target=target, is_stop=is_stop, by=named or by, reason=reason, at=context.now()
    )
    kind = EntryKind.STOPPED if is_stop else EntryKind.STARTED
    subject = Subject(target="" if target == ALL_TARGETS else target)
    async with audited(context, kind, [subject], by=by, why=reason, named=named) as audit:
        await stops.save(context.store, decision)
        audit.done.append(subject)
    return decision
