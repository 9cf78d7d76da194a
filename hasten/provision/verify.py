"""Compares Entra's answers with its provisioning log, and rows left to Entra's cycle with what the
cycle has done. Neither an answer nor a plan is proof."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.app_grant_proof import is_contradicted
from hasten.domain.app_proof import LOG_SHOWS_CYCLE, is_news, unshown
from hasten.domain.changes import (
    Change,
    State,
    finished,
    left_to_cycle,
    released,
    retried,
)
from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL, Cycle
from hasten.domain.naming import LEFT_OUT
from hasten.domain.outcomes import GRANT_UNPROVEN, OVERDUE, UNPROVEN, of_person
from hasten.domain.proof import LOG_CLOCK_SKEW, PROOF_TIMEOUT, Proof, Says, about, proof
from hasten.domain.revocation import CHECK_ACCOUNT_IN_APP, NOTHING_SHOWN_AFTER_CYCLE, not_taken
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.messages import Wake
from hasten.operate import measured
from hasten.operate.cycle_waits import report_overdue
from hasten.provision.app_proof import with_app
from hasten.provision.change_events import emit_doubt, emit_grant_doubt, emit_moved
from hasten.provision.left_out_of_call import left_out
from hasten.provision.triage import NOTHING_TO_DO
from hasten.records import discovered, overviews
from hasten.records.discovered import DiscoveredTarget
from hasten.records.ledger import Ledger
from hasten.records.outbox import Unsent
from hasten.records.overviews import Part
from hasten.telemetry.provision import LogUnreadable

MOST_RETRIES = 3
"""Maximum number of repeated calls after the log contradicts an answer, or after the cycle did not
do its part."""

OVERDUE_AFTER = timedelta(hours=1)
"""Grace period after the time at which Entra's own cycle should have provisioned the row."""

SILENT_LOG = "Entra answered with success; the provisioning log said nothing of it within a day"
TAKEN_BACK = "Entra's own cycle should have done it and has not"
CYCLE_HAS_DONE_IT = "Entra's own cycle has done it"
STILL_LEFT_OUT = "Entra answered with success, and the log names other members only"

Log = Mapping[str, Sequence[Json]]
"""Entries of the provisioning log, by the id of the object that they are about."""

Judge = Callable[[Context, Change, Proof, Cycle], Change | None]
"""Returns the new state of a row; None leaves the row as it is."""


async def verify(context: Context) -> None:
    """Verifies all targets, one after another. Graph allows the app five reads of the log in ten
    seconds, and one read serves all rows of a target. A target that cannot be read does not delay
    the others.

    Raises the worst TemporaryError or PermanentError after all targets were tried.
    """
    errors = ErrorCollector()
    before = await overviews.known(context.store, Part.CYCLE)
    for found in await discovered.load_all(context.store):
        with errors.collect_any():
            await _verify(context, found, before)
    errors.raise_worst()


async def _verify(context: Context, found: DiscoveredTarget, before: overviews.Known) -> None:
    unsent = Unsent()
    ledger = Ledger(context.store, unsent)
    unproven = await ledger.unproven_changes(found.target)
    report_overdue(context, found.target, unproven)
    waits = measured.of_waits(unproven, context.now())
    await overviews.save(context.store, Part.CYCLE, found.target, waits, before)
    live = await ledger.live(found.target)
    held = [row for row in live.changes if row.state is State.HELD and row.is_removal]
    rows = [*unproven, *held]
    if any(_may_end_by_cycle(row) for row in rows):
        known = cycle.parse(await context.directory.job(found.service_principal, found.job))
    else:
        known = Cycle()
    log = await _log(context, found, [row for row in rows if _asks_log(row, known)])
    said = {row: proof(row, _about_subjects(row, log)) for row in rows}
    silent = [row for row, says in said.items() if says.says is Says.NOTHING]
    said |= dict.fromkeys(await left_out(context, silent, log), LEFT_OUT)
    said = dict(await with_app(context, found, said))
    moved: list[Change] = []
    for row, says in said.items():
        to = JUDGES[row.state](context, row, says, known)
        await _alert_if_overdue(context, row, to, known)
        await _alert_if_unproven(context, row, to)
        moved += await _move(context, ledger, row, to)
    if any(row.is_open for row in moved):
        wake = Wake(target=found.target)
        await context.bus.send(wake.queue, [wake.message(context.new_id())])
    await context.outbox.deliver(found.target, unsent)


def _about_subjects(row: Change, log: Log) -> list[Json]:
    return [entry for subject in row.subjects for entry in log.get(subject, ())]


def _may_end_by_cycle(row: Change) -> bool:
    return row.state in {State.LEFT_TO_CYCLE, State.HELD} or (
        row.state is State.SUCCEEDED and not row.is_removal
    )


def _asks_log(row: Change, known: Cycle) -> bool:
    """Returns True if the row needs the log. A grant that was left to the cycle ends when a cycle
    has run. A cycle that could see a held removal may have carried it out."""
    if row.state is State.HELD:
        return known.covers(row)
    return row.state is not State.LEFT_TO_CYCLE or row.is_removal


async def _log(context: Context, found: DiscoveredTarget, rows: Sequence[Change]) -> Log:
    """Returns the log entries since the oldest of `rows`. Returns none if the app may not read the
    log; the answers are then the only evidence."""
    by_subject: dict[str, list[Json]] = defaultdict(list)
    if not rows:
        return by_subject
    oldest = min(row.called_at or row.found_at for row in rows)
    since = max(oldest - LOG_CLOCK_SKEW, context.now() - PROOF_TIMEOUT - LOG_CLOCK_SKEW)
    try:
        entries = await context.directory.provisioning_log(found.job, since)
    except PermanentError as error:
        context.emit(
            LogUnreadable(target=found.target, reason=error.reason, next_action=error.next_action)
        )
        return by_subject
    for entry in entries:
        by_subject[about(entry)].append(entry)
    return by_subject


def _answered(context: Context, row: Change, says: Proof, known: Cycle) -> Change | None:
    """Judges a row whose answer was a success. A grant of which the log says nothing ends when a
    cycle has run."""
    now = context.now()
    may_retry = row.contradicted < MOST_RETRIES
    match says.says:
        case Says.CONFIRMED:
            return _proven(row, State.CONFIRMED, now, says.reason)
        case Says.CONTRADICTED if may_retry and (row.is_removal or says.passes):
            times = row.contradicted + 1
            again = retried(row, due_at=now + context.backoff(times), reason=says.reason)
            return replace(again, contradicted=times, needs_proof=False, finished_at=None)
        case Says.CONTRADICTED if row.is_removal:
            return not_taken(row, now=now, reason=says.reason)
        case Says.CONTRADICTED:
            failed = finished(
                row, State.FAILED, now=now, reason=says.reason, next_action=says.next_action
            )
            return replace(failed, needs_proof=False)
        case Says.UNSHOWN:
            return unshown(row, says, now=now)
        case Says.LEFT_OUT if may_retry:
            return _alone(row, says, now)
        case Says.LEFT_OUT:
            return left_to_cycle(
                row,
                now=now,
                reason=STILL_LEFT_OUT,
                next_action=NOTHING_TO_DO,
                expected_at=known.done_by(now),
            )
        case Says.NOTHING if known.covers(row) and not row.is_removal:
            return _proven(row, State.DONE_BY_CYCLE, now, CYCLE_HAS_DONE_IT)
        case Says.NOTHING if _is_old(row, now):
            return replace(row, needs_proof=False, reason=SILENT_LOG)
    return None


def _left(context: Context, row: Change, says: Proof, known: Cycle) -> Change | None:
    """Judges a row that was left to the cycle: the cycle has provisioned it, or Hasten takes it
    back. A completed cycle is enough for a grant. A removal needs the log, or else the answer to a
    call."""
    now = context.now()
    if row.is_removal and says.says is Says.CONFIRMED:
        return _proven(row, State.DONE_BY_CYCLE, now, says.reason or LOG_SHOWS_CYCLE)
    if says.says is Says.UNSHOWN:
        return unshown(row, says, now=now)
    if known.covers(row) and not row.is_removal:
        return _proven(row, State.DONE_BY_CYCLE, now, CYCLE_HAS_DONE_IT)
    is_doubted = says.says in {Says.CONTRADICTED, Says.LEFT_OUT} and row.keeps_assignment
    if is_doubted and row.contradicted < MOST_RETRIES:
        return _alone(row, says, now)
    if known.covers(row) and row.keeps_assignment:
        return replace(
            row,
            needs_proof=False,
            reason=NOTHING_SHOWN_AFTER_CYCLE,
            next_action=CHECK_ACCOUNT_IN_APP,
        )
    expected_at = row.expected_at or (row.finished_at or row.found_at) + DEFAULT_CYCLE_INTERVAL
    if now < expected_at + OVERDUE_AFTER and not known.covers(row):
        return None
    if row.is_removal and row.contradicted >= MOST_RETRIES:
        return not_taken(row, now=now, reason=TAKEN_BACK)
    return _again(row, TAKEN_BACK, now)


def _alone(row: Change, says: Proof, now: datetime) -> Change:
    """Returns the row to be called again, without others: the answer is then about the user."""
    return replace(_again(row, says.reason, now), alone=True)


def _again(row: Change, reason: str, now: datetime) -> Change:
    """Returns the row to be called again. Whether a leaver keeps an assignment is read again."""
    return replace(
        released(row, now=now),
        reason=reason,
        needs_proof=False,
        finished_at=None,
        expected_at=None,
        keeps_assignment=False,
        contradicted=row.contradicted + 1,
    )


def _failed(context: Context, row: Change, says: Proof, _: Cycle) -> Change | None:
    """Judges a removal that failed. Something else may have disabled the account since."""
    now = context.now()
    if says.says is Says.CONFIRMED:
        return _proven(row, State.CONFIRMED, now, says.reason)
    return replace(row, needs_proof=False) if _is_old(row, now) else None


def _held(context: Context, row: Change, says: Proof, known: Cycle) -> Change | None:
    """Judges a row that the brake holds. The brake holds Hasten's calls, not Entra's own cycle."""
    if known.covers(row) and says.says is Says.CONFIRMED:
        return _proven(row, State.DONE_BY_CYCLE, context.now(), says.reason or LOG_SHOWS_CYCLE)
    return None


JUDGES: Mapping[State, Judge] = {
    State.SUCCEEDED: _answered,
    State.IN_SYNC: _answered,
    State.LEFT_TO_CYCLE: _left,
    State.FAILED: _failed,
    State.HELD: _held,
}


async def _alert_if_overdue(context: Context, row: Change, to: Change | None, known: Cycle) -> None:
    """Publishes an alert that a revocation is overdue before Hasten restarts its row."""
    is_taken_back = to is not None and to.is_open and row.state is State.LEFT_TO_CYCLE
    if is_taken_back and row.is_removal and not known.covers(row):
        overdue = replace(row, reason=TAKEN_BACK)
        emit_doubt(context, overdue, OVERDUE)
        await context.outbox.publish([of_person(OVERDUE, overdue, now=context.now())])


async def _alert_if_unproven(context: Context, row: Change, to: Change | None) -> None:
    """Publishes an alert that the app leaves a change unshown, before Hasten writes the row."""
    if to is None or not (is_news(row, to) or is_contradicted(to)):
        return
    if to.is_removal:
        emit_doubt(context, to, UNPROVEN)
    else:
        emit_grant_doubt(context, to)
    name = UNPROVEN if to.is_removal else GRANT_UNPROVEN
    await context.outbox.publish([of_person(name, to, now=context.now())])


async def _move(context: Context, ledger: Ledger, row: Change, to: Change | None) -> list[Change]:
    moved = await ledger.move([row], lambda _: to) if to is not None else []
    for change in moved:
        if change.state is not row.state or row.needs_proof is not change.needs_proof:
            emit_moved(context, change)
    return moved


def _proven(row: Change, state: State, now: datetime, reason: str = "") -> Change:
    return replace(finished(row, state, now=now, reason=reason), needs_proof=False)


def _is_old(row: Change, now: datetime) -> bool:
    return now - (row.called_at or row.found_at) > PROOF_TIMEOUT
