"""Does the work of triggers that have stopped. The two timers of each minute look for work that no
message has brought to a function, and do it under the lease of the target."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Change
from hasten.domain.intents import Intent
from hasten.domain.long_ago import LONG_AGO
from hasten.ensure.run import ensure
from hasten.error_collector import ErrorCollector
from hasten.messages import Ensure, Wake
from hasten.ports.bus import (
    DIRECTORY_CHANGES,
    ENSURE,
    ONBOARDING_EVENTS,
    PROVISIONING,
    Received,
)
from hasten.provision.drain import drain
from hasten.records import arrivals, discovered, lease_record, stops
from hasten.records.arrivals import Arrivals
from hasten.records.lease_record import TRIGGER_SILENT, LeaseRecord, WokenBy, WorkKind
from hasten.telemetry.work import TriggerSilent
from hasten.wiring import receive

STAND_IN_AFTER = timedelta(seconds=60)
"""Time for which work waits for its trigger before a timer does it."""

STAND_IN_MAX_TIME = timedelta(seconds=25)
"""Then a timer begins no more work: the next one, of half a minute later, goes on."""

RECEIVE_BATCH_SIZE = 20
"""Messages received together: few enough to end well within their lock of one minute."""

WAIT_FOR_OTHER_TRIGGERS = timedelta(seconds=5)
"""Time for the other triggers to take what the work of a timer led to, if they work."""

MESSAGE_OVERDUE_AFTER = timedelta(minutes=7)
"""Longer than open intents are without a message: the wake timer sends one after five minutes."""

QUEUES_KNOWN_BY_MESSAGES = (DIRECTORY_CHANGES, ONBOARDING_EVENTS)
"""Queues whose work is known only from their messages. The work of the other queues is in the
store."""


Receiving = asyncio.Future[list[bool | None]]
"""Says of each queue whether messages were received here."""


async def stand_in(context: Context) -> None:
    """Changes that are due do not wait for messages and intents, of which there may be many. Raises
    the worst error after everything was tried."""
    until, errors = context.now() + STAND_IN_MAX_TIME, ErrorCollector()
    known = await arrivals.load_all(context.store)
    stopped = await stops.stopped(context.store, context.targets)
    found = [one.target for one in await discovered.load_all(context.store)]
    targets = [name for name in found if name in context.targets and name not in stopped]
    receiving = asyncio.gather(
        *(
            _collected(errors, _receive(context, queue, known.get(queue, Arrivals()), until))
            for queue in QUEUES_KNOWN_BY_MESSAGES
        )
    )
    await asyncio.gather(
        *(_collected(errors, _drain(context, target, STAND_IN_AFTER)) for target in targets),
        *(_collected(errors, _ensure_then_drain(context, one, receiving)) for one in targets),
    )
    await receiving
    errors.raise_worst()


async def _collected(errors: ErrorCollector, work: Awaitable[bool | None]) -> bool | None:
    """Returns what the work returns, or True if it fails: then it may have changed something."""
    with errors.collect_any():
        return await work
    return True


async def _receive(context: Context, queue: str, known: Arrivals, until: datetime) -> bool:
    """Returns whether the queue has no trigger: messages that had waited for it were received here.
    While a function works on an old message, a new one may be on its way."""
    now = context.now()
    since = await context.ports.receiver.waiting_since(queue)
    if since is None or now - since < STAND_IN_AFTER or now - known.came_at < TRIGGER_SILENT:
        return False
    missed: list[Received] = []

    async def handle(received: Received, since: datetime) -> None:
        if now - since >= STAND_IN_AFTER:
            missed.append(received)
        await receive(context, received, is_timer=True)

    while await context.ports.receiver.receive(queue, RECEIVE_BATCH_SIZE, handle):
        if context.now() >= until:
            break
    if missed:
        await arrivals.stood_in(context.store, queue, context.now())
        context.emit(_silent(context, queue, known.came_at, work=len(missed)))
    return bool(missed)


async def _ensure_then_drain(context: Context, target: str, receiving: Receiving) -> bool:
    """Intents become changes, for which the other trigger may be alive."""
    errors = ErrorCollector()
    came = any(await receiving)
    if came:
        await asyncio.sleep(WAIT_FOR_OTHER_TRIGGERS.total_seconds())
    quiet = WAIT_FOR_OTHER_TRIGGERS if came else STAND_IN_AFTER
    has_worked = await _collected(errors, _ensure(context, target, quiet))
    if has_worked:
        await asyncio.sleep(WAIT_FOR_OTHER_TRIGGERS.total_seconds())
    if has_worked or came:
        await _collected(errors, _drain(context, target, quiet))
    errors.raise_worst()
    return True


async def _ensure(context: Context, target: str, quiet: timedelta) -> bool:
    """Returns whether there was work to do here."""
    now, record = context.now(), await lease_record.load(context.store, target, WorkKind.ENSURE)
    if not record.is_unattended(now):
        return False
    opened = [i for i in await context.intents.open_intents(target) if i.is_tried(now)]
    missed = _missed(opened, record, quiet, now)
    if not (missed or (record.is_lost(now) and opened) or record.due(now)):
        return False
    by = _woken_by(record, now) if missed else WokenBy.TIMER
    if by is WokenBy.STAND_IN:
        context.emit(_silent(context, ENSURE, record.came_at, target=target, work=len(missed)))
    await ensure(context, Ensure(target=target), by=by, longest=STAND_IN_MAX_TIME)
    return True


async def _drain(context: Context, target: str, quiet: timedelta) -> None:
    now, record = context.now(), await lease_record.load(context.store, target, WorkKind.DRAIN)
    if not record.is_unattended(now):
        return
    due = _due(await context.ledger.open_changes(target), record, quiet, now)
    if not due:
        return
    by = _woken_by(record, now)
    if by is WokenBy.STAND_IN:
        context.emit(_silent(context, PROVISIONING, record.came_at, target=target, work=len(due)))
    await drain(context, Wake(target=target), by=by, longest=STAND_IN_MAX_TIME)


def _woken_by(record: LeaseRecord, now: datetime) -> WokenBy:
    return WokenBy.STAND_IN if record.is_trigger_silent(now) else WokenBy.TIMER


def _missed(
    opened: Sequence[Intent], record: LeaseRecord, quiet: timedelta, now: datetime
) -> list[Intent]:
    """Returns the intents for which a message should have come and has not. The message of one that
    Hasten may work on only now is still on its way. One that a message has reached waits for the
    next message."""
    wait = _wait(record, quiet)
    is_overdue = record.is_stood_in_for or now - record.came_at >= MESSAGE_OVERDUE_AFTER
    return [
        intent
        for intent in opened
        if now - intent.waits_since >= wait and (is_overdue or intent.asked_at > record.came_at)
    ]


def _due(
    rows: Sequence[Change], record: LeaseRecord, quiet: timedelta, now: datetime
) -> list[Change]:
    """Returns the rows that have waited for their trigger long enough."""
    wait = _wait(record, quiet)
    return [r for r in rows if r.is_due(now) and now - max(r.due_at, r.found_at) >= wait]


def _wait(record: LeaseRecord, quiet: timedelta) -> timedelta:
    """Returns how long work waits for its trigger. Once the trigger is known to have stopped, none
    waits."""
    return timedelta() if record.is_stood_in_for else quiet


def _silent(
    context: Context, queue: str, came_at: datetime, *, work: int, target: str | None = None
) -> TriggerSilent:
    is_known = came_at > LONG_AGO
    return TriggerSilent(
        queue=queue,
        target=target,
        work=work,
        silent_for=round((context.now() - came_at).total_seconds(), 1) if is_known else None,
    )
