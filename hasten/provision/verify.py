"""Compares what Entra answered with what its provisioning log says, and what was left to its cycle
with what the cycle has done: an answer is no proof, and a plan neither."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.changes import Change, State, finished, released, retried
from hasten.domain.cycle import Cycle
from hasten.domain.outcomes import of_alert
from hasten.domain.proof import PATIENCE, SKEW, Proof, Says, about, proof
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.messages import Wake
from hasten.provision.change_events import ended
from hasten.records import discovered as registry
from hasten.records.discovered import Found
from hasten.telemetry.provision import LogUnreadable, RevocationDoubted

MOST_RETRIES = 3
"""Of a removal whose answers the log contradicts, before an operator is called."""

OVERDUE = timedelta(hours=1)
"""After the time at which Entra's own cycle should have done it."""

UNPROVEN = "Entra answered with success; the provisioning log said nothing of it within a day"
TAKEN_BACK = "Entra's own cycle should have done it and has not"
COVERED = "Entra's own cycle has done it"
NOT_TAKEN = "the account should be disabled and is not: disable it in the app, then look at the log"


async def verify(context: Context) -> None:
    """All targets, one after another: the log may be read five times in ten seconds by all of
    the app, and one read serves all rows of a target. A target that cannot be read does not
    keep the others waiting; its error is raised at the end."""
    failed: list[TemporaryError | PermanentError] = []
    for found in await registry.load_all(context.store):
        try:
            await _verify(context, found)
        except (TemporaryError, PermanentError) as error:
            failed.append(error)
    if failed:
        raise failed[0]


async def _verify(context: Context, found: Found) -> None:
    rows = await context.ledger.unproven_changes(found.target)
    moved = await _left(context, found, [r for r in rows if r.state is State.LEFT_TO_CYCLE])
    moved += await _succeeded(context, found, [r for r in rows if r.state is State.SUCCEEDED])
    if any(row.is_open for row in moved):
        wake = Wake(target=found.target)
        await context.bus.send(wake.queue, [wake.message(context.new_id())])
    await context.outbox.flush(found.target)


async def _succeeded(context: Context, found: Found, rows: Sequence[Change]) -> list[Change]:
    if not rows:
        return []
    oldest = min(row.called_at or row.found_at for row in rows)
    since = max(oldest - SKEW, context.now() - PATIENCE - SKEW)
    told: dict[str, list[Json]] = defaultdict(list)
    for entry in await _log(context, found, since):
        told[about(entry)].append(entry)
    moved: list[Change] = []
    for row in rows:
        says = proof(row, [*told[row.user], *told[row.group]])
        moved += await _judged(context, row, says)
    return moved


async def _log(context: Context, found: Found, since: datetime) -> Sequence[Json]:
    """Nothing where the app may not read it: then answers are all there is."""
    try:
        return await context.directory.provisioning_log(found.job, since)
    except PermanentError as error:
        context.emit(
            LogUnreadable(target=found.target, reason=error.reason, next_action=error.next_action)
        )
        return []


async def _judged(context: Context, row: Change, says: Proof) -> list[Change]:
    now = context.now()
    match says.says:
        case Says.CONFIRMED:
            return await _move(context, row, _confirmed(row, now))
        case Says.CONTRADICTED if row.is_removal and row.contradicted < MOST_RETRIES:
            times = row.contradicted + 1
            again = retried(row, due_at=now + context.backoff(times), reason=says.reason)
            again = replace(again, contradicted=times, needs_proof=False, finished_at=None)
            return await _move(context, row, again)
        case Says.CONTRADICTED:
            failed = finished(
                row, State.FAILED, now=now, reason=says.reason, next_action=says.next_action
            )
            moved = await _move(context, row, replace(failed, needs_proof=False))
            if row.is_removal and moved:
                await _alert(context, row, "revocation_not_taken", says.reason)
            return moved
        case Says.NOTHING if now - (row.called_at or row.found_at) > PATIENCE:
            believed = replace(row, needs_proof=False, reason=UNPROVEN)
            return await _move(context, row, believed)
    return []


async def _left(context: Context, found: Found, rows: Sequence[Change]) -> list[Change]:
    """What the cycle was to do: done by it, or taken back when it is overdue."""
    if not rows:
        return []
    known = cycle.read(await context.directory.job(found.service_principal, found.job))
    moved: list[Change] = []
    for row in rows:
        moved += await _cycled(context, row, known)
    return moved


async def _cycled(context: Context, row: Change, known: Cycle) -> list[Change]:
    now = context.now()
    if known.covers(row):
        done = finished(row, State.DONE_BY_CYCLE, now=now, reason=COVERED)
        return await _move(context, row, replace(done, needs_proof=False))
    if row.expected_at is None or now < row.expected_at + OVERDUE:
        return []
    if row.is_removal:
        await _alert(context, row, "revocation_overdue", TAKEN_BACK)
    again = replace(released(row, now=now), reason=TAKEN_BACK, needs_proof=False)
    return await _move(context, row, replace(again, finished_at=None, expected_at=None))


async def _move(context: Context, row: Change, to: Change) -> list[Change]:
    moved = await context.ledger.move([row], lambda _: to)
    for change in moved:
        _tell(context, change)
    return moved


def _tell(context: Context, change: Change) -> None:
    waited = (context.now() - change.noticed_at).total_seconds()
    context.emit(replace(ended(change), seconds=round(waited, 3)))


async def _alert(
    context: Context,
    row: Change,
    name: Literal["revocation_not_taken", "revocation_overdue"],
    reason: str,
) -> None:
    context.emit(
        RevocationDoubted(
            result=name, target=row.target, group=row.group, user=row.user, reason=reason
        )
    )
    alert = of_alert(
        name,
        target=row.target,
        group=row.group,
        reason=f"{row.user}: {reason}",
        next_action=NOT_TAKEN,
        key=f"{row.user}|{row.origin}",
        now=context.now(),
    )
    await context.outbox.tell([alert])


def _confirmed(row: Change, now: datetime) -> Change:
    done = finished(row, State.CONFIRMED, now=now)
    return replace(done, needs_proof=False)
