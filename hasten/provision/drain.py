"""Drains one target under its lease: runs make its calls, and a wake follows for the rows that are
left.

One worker at a time drains a target. Many targets are drained at the same time.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.messages import Wake
from hasten.provision.kept_memberships import return_after_lost_calls
from hasten.provision.late_calls import earlier_calls, lost_calls
from hasten.provision.run import Run
from hasten.provision.state import Drain
from hasten.records import discovered
from hasten.records.call_window import open_window
from hasten.records.discovered import DiscoveredTarget
from hasten.records.lease import Displaced, Lease
from hasten.records.lease_record import WokenBy, WorkKind
from hasten.records.ledger import Ledger
from hasten.records.outbox import Unsent
from hasten.records.stops import Stopped
from hasten.sole_worker import MAX_WORK_TIME, work_alone
from hasten.targets import Target
from hasten.telemetry.provision import DrainSkipped


async def drain(
    context: Context,
    wake: Wake,
    *,
    by: WokenBy = WokenBy.MESSAGE,
    longest: timedelta = MAX_WORK_TIME,
) -> bool:
    """Drains the target that `wake` names. Returns False if it leaves that to another worker, who
    lives. `longest` is the time after which the drain makes no new call, and `by` says why this
    worker came. Raises TemporaryError of the store, of Service Bus, or of the reads of Graph."""
    target = context.targets.get(wake.target)
    found = await discovered.load(context.store, wake.target)
    if target is None or found is None:
        context.emit(DrainSkipped(result="unknown_target", target=wake.target))
        return True
    work = partial(_run, context, target, found)
    try:
        return await work_alone(context, wake, WorkKind.DRAIN, work, by=by, longest=longest)
    except Displaced:
        context.emit(DrainSkipped(result="displaced", target=target.name))
        return True


async def _run(
    context: Context, target: Target, found: DiscoveredTarget, lease: Lease, until: datetime
) -> bool:
    """Runs one drain. Returns whether due rows are left."""
    await lease.take_mark()
    unsent = Unsent()
    ledger = Ledger(context.store, unsent)
    live = await ledger.live(target.name)
    window = await open_window(
        lease,
        live.window,
        max_calls_per_hour=target.max_calls_per_hour,
        reserved=target.reserve_calls,
        clock=context.process,
    )
    drain = Drain(context, target, ledger, unsent, window, found)
    is_left = False
    if live.changes:
        with suppress(Stopped):  # the rows keep waiting: `start` and a timer wake the target
            await drain.check_stop()
            await _note_lost_calls(drain, live.changes)
            finished_all = await Run(drain).run(until=until)
            is_woken = await _wake_later(context, target.name, drain.retries)
            is_left = not (finished_all and is_woken)
    await drain.send_outcomes()
    return is_left


async def _note_lost_calls(drain: Drain, rows: Sequence[Change]) -> None:
    """Saves with the window the calls of workers that have died, before this drain ends any of the
    rows: it may end them without a call. A row that took the place of another during such a call
    does not wait yet. Hasten returns first to what the calls may have given, because a call that
    the window has is not lost. Raises Displaced, and TemporaryError of the store."""
    unmoved = [row for row in rows if row.state is not State.WAITING]
    if lost := lost_calls(drain, unmoved):
        await return_after_lost_calls(drain, lost)
    if late := earlier_calls(drain, unmoved):
        await drain.window.note(late)


async def _wake_later(context: Context, target: str, retries: set[datetime]) -> bool:
    """Schedules wakes for the rows that wait because of this drain. Earlier drains did so for their
    rows. Returns False when a row is due already."""
    wake, now = Wake(target=target), context.now()
    due = {at.replace(microsecond=0) + timedelta(seconds=1) for at in retries}
    times = [at for at in sorted(due) if at > now]
    messages = [wake.message(context.new_id(), at) for at in times]
    if messages:
        await context.bus.send(wake.queue, messages)
    return len(times) == len(due)
