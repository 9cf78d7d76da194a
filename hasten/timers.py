"""Defines the work of the timers, which find what no message brought."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.unexpected import Unexpected
from hasten.ensure.apply_policy import apply_policies
from hasten.error_collector import ErrorCollector
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.messages import Ensure, Wake
from hasten.onboard.follow_up import do_due
from hasten.operate import measured
from hasten.operate.backlog import backlog
from hasten.operate.forget_history import forget_history
from hasten.operate.late_timers import report_late_timers
from hasten.operate.note_held import note_held
from hasten.operate.notify import notify
from hasten.operate.policy_changes import note_policies
from hasten.operate.report_drops import report_drops
from hasten.operate.seal_history import seal_all, seal_recent
from hasten.operate.silent_channel import report_silence
from hasten.operate.stop import report_stops
from hasten.operate.unreadable_rows import report_unreadable, take_back_all
from hasten.ports.bus import QUEUES_READ
from hasten.ports.telemetry import Event
from hasten.provision.verify import verify
from hasten.records import (
    crashes,
    discovered,
    heartbeats,
    lease_record,
    overviews,
    running_targets,
)
from hasten.records.discovered import DiscoveredTarget
from hasten.records.lease_record import WorkKind
from hasten.records.overviews import Part
from hasten.retention import forget_old
from hasten.side_by_side import side_by_side
from hasten.stand_in import stand_in
from hasten.stray_end import no_stray_end
from hasten.telemetry.operate import OtherTargets
from hasten.telemetry.work import TimerCrashed, TimerFailed, TimerPostponed
from hasten.watch.compare_people import compare_people
from hasten.watch.keep_links import keep_links
from hasten.watch.people_delta import reconcile_people
from hasten.watch.reconcile import reconcile
from hasten.watch.subscriptions import ensure_subscriptions, subscriptions_settled
from hasten.watch.sweep import sweep
from hasten.watch.unread_members import read_unread

WATCHING = frozenset({"sweep", "wake"})
"""Timers that report which timers are late, and do the work of triggers that have stopped. They run
half a minute apart, and each of the two also notices when the other stops."""

TARGETS_AT_ONCE = 16
"""Targets that a timer looks after side by side: each takes a few requests to the store."""

Step = Callable[[Context], Awaitable[object]]

OPEN_INTENTS_MAX_WAIT = timedelta(minutes=5)
"""Maximum time for which open intents wait for the next message: as long as the longest pause
between two tries (hasten/backoff.py)."""


async def run(context: Context, timer: str) -> None:
    """Runs the work of a timer, then saves its heartbeat. Does the work of stopped triggers beside
    it, because Graph may delay the timer for minutes, and a bug may end it. Handles both
    exceptions, since the next tick tries again. Reports each unexpected exception, and raises the
    first one at the end."""
    works = [_own_work(context, timer)]
    if timer in WATCHING:
        works.append(stand_in(context))
    reported = [_reported(context, timer, work) for work in works]
    bugs = [bug for bug in await asyncio.gather(*reported, return_exceptions=True) if bug]
    if bugs:
        raise bugs[0]


async def _own_work(context: Context, timer: str) -> None:
    reason = ""
    try:
        await TIMERS[timer](context)
    except (TemporaryError, PermanentError) as error:
        context.emit(_missed(timer, error))
        reason = error.reason
    await heartbeats.beat(context.store, timer, context.now(), reason)
    if timer in WATCHING:
        await report_late_timers(context, also_on_time=timer == "wake")


async def _reported(context: Context, timer: str, work: Awaitable[None]) -> None:
    """Raises unexpected exceptions only."""
    try:
        with no_stray_end():
            await work
    except (TemporaryError, PermanentError) as error:
        context.emit(_missed(timer, error))
    except Conflict as error:
        context.emit(TimerPostponed(timer=timer, reason=str(error)))
    except Exception as error:
        met = Unexpected.of(error)
        context.emit(TimerCrashed(timer=timer, reason=met.reason, trace=met.trace))
        await crashes.note(context.store, f"timer {timer}", met.reason, context.now())
        raise


def _missed(timer: str, error: TemporaryError | PermanentError) -> Event:
    if isinstance(error, TemporaryError):
        return TimerPostponed(timer=timer, reason=error.reason)
    return TimerFailed(timer=timer, reason=error.reason, next_action=error.next_action)


async def _all(context: Context, *steps: Step) -> None:
    """Runs the steps one after another, also after one has raised. A step that fails each time
    stops none of the others. Raises the worst error."""
    errors = ErrorCollector()
    for step in steps:
        with errors.collect_any():
            await step(context)
    errors.raise_worst()


async def _sweep(context: Context) -> None:
    """Discovers targets and the groups assigned to them, and subscribes to new groups."""
    await _all(context, sweep, _subscribe, _note_targets, note_policies)


async def _subscribe(context: Context) -> None:
    groups = await discovered.watched(context.store)
    if not await subscriptions_settled(context, groups):
        await ensure_subscriptions(context, groups)


async def _note_targets(context: Context) -> None:
    differing = await running_targets.save(context.store, context.targets.values(), context.now())
    if differing:
        context.emit(OtherTargets(targets=", ".join(differing)))


async def _look(context: Context) -> None:
    """Finds the groups and people that changed without a notification, and looks at them."""
    await _all(context, _reconcile, read_unread, reconcile_people, report_silence)


async def _reconcile(context: Context) -> None:
    await reconcile(context, await discovered.watched(context.store))


async def _wake(context: Context) -> None:
    """Posts what is due, wakes the targets with due rows, and sends the outcomes that a crash left
    unsent."""
    await _all(
        context,
        _post_due,
        _wake_targets,
        do_due,
        _flush,
        report_stops,
        report_drops,
        report_unreadable,
    )


async def _post_due(context: Context) -> None:
    errors = ErrorCollector()
    for queue in QUEUES_READ:
        with errors.collect_any():
            await context.agenda.post_due(queue, context.now())
    errors.raise_worst()


async def _flush(context: Context) -> None:
    await context.outbox.flush_published()


async def _wake_targets(context: Context) -> None:
    errors = ErrorCollector()
    before = await overviews.known(context.store, Part.OPEN)

    async def wake(found: DiscoveredTarget) -> None:
        with errors.collect_any():
            await _wake_target(context, found, before)

    await side_by_side(wake, await discovered.load_all(context.store), TARGETS_AT_ONCE)
    errors.raise_worst()


async def _wake_target(context: Context, found: DiscoveredTarget, before: overviews.Known) -> None:
    """Wakes the target before it reports anything."""
    now, changes = context.now(), await context.ledger.open_changes(found.target)
    errors = ErrorCollector()
    with errors.collect_any():
        if any(change.is_due(now) or change.state is State.HELD for change in changes):
            await context.send(Wake(target=found.target))
    with errors.collect_any():
        if await _wants_ensure(context, found.target):
            await context.send(Ensure(target=found.target))
    with errors.collect_any():
        await context.outbox.flush(found.target)
    with errors.collect_any():
        await _report(context, found, changes, before)
    errors.raise_worst()


async def _report(
    context: Context,
    found: DiscoveredTarget,
    changes: Sequence[Change],
    before: overviews.Known,
) -> None:
    context.emit(await backlog(context, found, changes))
    intents = await context.intents.open_intents(found.target)
    await note_held(context, found.target, changes, intents)
    seen = await measured.count(context, found.target, changes, intents)
    await overviews.save(context.store, Part.OPEN, found.target, seen, before)


async def _wants_ensure(context: Context, target: str) -> bool:
    """Returns whether a write to Entra ID may have taken effect although no worker saw its end, or
    whether open intents were left: their worker died, or no message has come for a while."""
    now, record = context.now(), await lease_record.load(context.store, target, WorkKind.ENSURE)
    if record.due(now) or (record.writing and record.is_silent(now)):
        return True
    if not record.is_lost(now) and now - record.came_at < OPEN_INTENTS_MAX_WAIT:
        return False
    return any(not intent.held for intent in await context.intents.open_intents(target))


async def _apply(context: Context) -> None:
    """Applies the policy, and wakes targets with open intents whose message was given up."""
    await _all(context, _wake_open_intents, apply_policies)


async def _wake_open_intents(context: Context) -> None:
    for found in await discovered.load_all(context.store):
        if await context.intents.open_intents(found.target):
            await context.send(Ensure(target=found.target))


async def _tidy(context: Context) -> None:
    """Renews the delta links of all groups, and deletes old records."""
    await _all(context, _keep_links, take_back_all, forget_old, forget_history, seal_all)


async def _keep_links(context: Context) -> None:
    await keep_links(context, await discovered.watched(context.store))


async def _renew(context: Context) -> None:
    """Compares Hasten's subscriptions with Graph's list, and renews them in time.

    If someone deletes a subscription, its notifications are missing for up to one period of this
    timer. The look timer finds the changes made meanwhile.
    """
    await ensure_subscriptions(context, await discovered.watched(context.store))


async def _seal(context: Context) -> None:
    """Seals the history, then posts messages about the sealed entries. A destination that fails or
    is slow delays no seal: each gets one try of a few seconds, at the same time as the others."""
    await _all(context, seal_recent, notify)


TIMERS: Mapping[str, Callable[[Context], Awaitable[None]]] = {
    "sweep": _sweep,
    "wake": _wake,
    "look": _look,
    "verify": verify,
    "apply": _apply,
    "renew": _renew,
    "people": compare_people,
    "seal": _seal,
    "tidy": _tidy,
}
"""The work of each timer, by the name of its function."""
