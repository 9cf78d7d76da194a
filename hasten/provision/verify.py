"""Compares Entra's answers with its provisioning log, and rows left to Entra's cycle with what the
cycle has done. Neither an answer nor a plan is proof."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.app_grant_proof import is_contradicted
from hasten.domain.app_proof import is_news
from hasten.domain.changes import (
    Change,
    State,
)
from hasten.domain.cycle import Cycle
from hasten.domain.late_calls import is_doubtful
from hasten.domain.named_members import LEFT_OUT
from hasten.domain.outcomes import GRANT_UNPROVEN, OVERDUE, of_person
from hasten.domain.proof import Proof, Says
from hasten.error_collector import ErrorCollector
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.operate import measured
from hasten.operate.cycle_waits import report_overdue
from hasten.provision.app_proof import with_app
from hasten.provision.change_events import alert_unproven, emit_doubt, emit_grant_doubt, emit_moved
from hasten.provision.judge_rows import TAKEN_BACK, is_late, judged
from hasten.provision.kept_memberships import noting_proven
from hasten.provision.left_out_of_call import left_out
from hasten.provision.log_proof import (
    LONGEST_READ,
    LONGEST_RUN,
    Log,
    is_of_days,
    proof_in,
    read_log,
    since,
)
from hasten.provision.within_reach import within_reach
from hasten.records import discovered, overviews
from hasten.records.call_window import unanswered_in
from hasten.records.discovered import DiscoveredTarget
from hasten.records.ledger import Ledger
from hasten.records.outbox import Unsent
from hasten.records.overviews import Part
from hasten.side_by_side import side_by_side
from hasten.turns import place

LOOK_AT_JOB = (
    "look at the provisioning job in the Entra portal; disable the account in the app meanwhile"
)
LOOK_AT_JOB_OF_MEMBER = (
    "look at the provisioning job in the Entra portal; take the user out of the group in the app "
    "meanwhile"
)

TARGETS_AT_ONCE = 4
"""Targets whose logs are read, and in memory, at the same time."""

ALL_READ_FOR = LONGEST_RUN - timedelta(seconds=30)
"""Time after which a run ends its last read: the host would end the process."""

SIDE_BY_SIDE_FOR = LONGEST_RUN / 2
"""Time for which a run reads logs side by side. What many targets leave of it belongs to the long
logs, and to those whose turn has not come."""

LONG_LOGS_READ_FOR = LONGEST_RUN - LONGEST_READ - timedelta(minutes=1)
"""Time after which a run begins no further read of a long log; the read of its last day may follow
it. The next run reads the rest. A shorter time might always be over when the logs of many targets
are read."""

TOO_LONG = "Hasten cannot read all of the provisioning log of the last day in one run"

UNDECIDED = frozenset({Says.NOTHING, Says.SKIPPED})
"""What the log says about a row before it shows what a cycle did for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unproven:
    """The rows of a target that wait for proof, and its cycle. `since` is from when on the log says
    something about them, and `errors` has those of the reads until now."""

    found: DiscoveredTarget
    ledger: Ledger
    unsent: Unsent
    rows: Sequence[Change]
    known: Cycle
    since: datetime | None
    errors: ErrorCollector


async def verify(context: Context) -> None:
    """Verifies all targets side by side. The reads of their logs take turns, because Graph allows
    an app five of them in ten seconds (Graph docs, throttling limits). One read serves all rows of
    a target. Reads of more than one day, or of more than LONGEST_READ, come last, one after
    another: side by side, each would take too long. So do those that SIDE_BY_SIDE_FOR has no time
    for. So a target that Hasten cannot read, or whose log is long, does not delay the others.

    Raises the worst TemporaryError or PermanentError after all targets were tried.
    """
    errors, began = ErrorCollector(), context.now()
    before = await overviews.known(context.store, Part.CYCLE)
    targets = _in_turn(await discovered.load_all(context.store), began)
    left: dict[str, _Unproven] = {}

    async def one(found: DiscoveredTarget) -> None:
        with errors.collect_any():
            unproven = await _unproven(context, found, before)
            is_long = is_of_days(unproven.since, now=context.now())
            rest = began + SIDE_BY_SIDE_FOR - context.now()
            log = None if is_long else await _log(context, unproven, min(LONGEST_READ, rest))
            if log is None:
                left[found.target] = unproven
            else:
                await _prove(context, unproven, log)

    await side_by_side(one, targets, TARGETS_AT_ONCE)
    for unproven in [left[found.target] for found in targets if found.target in left]:
        with errors.collect_any():
            if context.now() < began + LONG_LOGS_READ_FOR:
                rest = began + ALL_READ_FOR - context.now()
                log = await _log(context, unproven, rest)
                if log is None:
                    raise TemporaryError(TOO_LONG, LONGEST_RUN)
                await _prove(context, unproven, log)
            else:
                unproven.errors.raise_worst()
    errors.raise_worst()


def _in_turn(targets: Sequence[DiscoveredTarget], began: datetime) -> Sequence[DiscoveredTarget]:
    """Returns the targets in an order of their own for the run that `began` then: those that take
    the time of a run would take that of the others in each run."""
    return sorted(targets, key=lambda one: place(began, one.target))


async def _unproven(
    context: Context, found: DiscoveredTarget, before: overviews.Known
) -> _Unproven:
    """Reads what waits for proof, and reports what waits for too long."""
    unsent = Unsent()
    ledger = Ledger(context.store, unsent)
    unproven = await ledger.unproven_changes(found.target)
    report_overdue(context, found.target, unproven)
    waits = measured.of_waits(unproven, context.now())
    await overviews.save(context.store, Part.CYCLE, found.target, waits, before)
    live = await ledger.live(found.target)
    held = [row for row in live.changes if row.state is State.HELD and row.is_removal]
    late = await unanswered_in(context.store, found.target, live.window)
    settled = [row for row in (*unproven, *held) if not is_doubtful(row, late, context.now())]
    rows = [row for row in settled if not row.is_unreadable]
    errors, known = ErrorCollector(), Cycle()
    if any(_may_end_by_cycle(row) for row in rows):
        with errors.collect_any():  # the log and the app prove the other rows without it
            job = await context.directory.job(found.service_principal, found.job)
            known = cycle.parse(job, context.now())
    asking = [row for row in rows if _asks_log(row, known)]
    may_wait = partial(_may_wait, context, known=known)
    return _Unproven(
        found=found,
        ledger=ledger,
        unsent=unsent,
        rows=rows,
        known=known,
        since=since(asking, may_wait, now=context.now()),
        errors=errors,
    )


async def _log(context: Context, unproven: _Unproven, within: timedelta) -> Log | None:
    found, rows = unproven.found, unproven.rows
    return await read_log(context, found, rows, unproven.since, within=within)


async def _prove(context: Context, unproven: _Unproven, log: Log) -> None:
    """Decides about the rows by the log and the app. Raises the worst error of the target."""
    found, rows, known = unproven.found, unproven.rows, unproven.known
    ledger, errors = unproven.ledger, unproven.errors
    said = {row: proof_in(log, row) for row in rows}
    silent = [row for row, says in said.items() if says.says in UNDECIDED]
    said |= dict.fromkeys(await left_out(context, silent, log.entries, log.unread), LEFT_OUT)
    said = dict(await with_app(context, found, said))
    reached = await within_reach(context, found, rows, errors)
    moved = list[Change]()
    for row, says in said.items():
        if _waits_for_log(row, says, known, context.now()):
            continue
        with errors.collect_any():
            to = judged(context, found, row, says, known, reached=reached.get(row, ""))
            await _alert_if_overdue(context, row, to, known)
            await _alert_if_unproven(context, row, to)
            moved += await _move(context, ledger, row, to)
    if any(row.is_open for row in moved):
        await context.send(Wake(target=found.target))
    await context.outbox.deliver(found.target, unproven.unsent)
    errors.raise_worst()


def _may_end_by_cycle(row: Change) -> bool:
    is_grant = row.state is State.SUCCEEDED and not row.is_removal
    return is_grant or row.state in {State.LEFT_TO_CYCLE, State.HELD, State.IN_SYNC}


def _asks_log(row: Change, known: Cycle) -> bool:
    """Returns True if the row needs the log. A grant that was left to the cycle does so when a
    cycle has run, and a cycle that could see a held removal may have carried it out."""
    is_left = row.state is State.LEFT_TO_CYCLE and not row.is_removal
    return known.covers(row) if is_left or row.state is State.HELD else True


def _may_wait(context: Context, row: Change, known: Cycle) -> bool:
    """Returns whether the row may wait for its proof for longer than PROOF_TIMEOUT. Any other row
    is that old only if Hasten was off, or could not read the log: this read decides about it."""
    target = context.targets.get(row.target)
    is_read = target is not None and target.scim is not None
    is_left = row.state is State.LEFT_TO_CYCLE and not known.covers(row)
    return is_read or is_left or row.state is State.HELD


def _waits_for_log(row: Change, says: Proof, known: Cycle, now: datetime) -> bool:
    """Returns whether a cycle that could see the row has just ended, and the log may not show yet
    what it did for the row. A late row waits no longer: cycles may always have just ended."""
    is_early = known.covers(row) and not known.is_logged(now) and not is_late(row, now)
    return says.says in UNDECIDED and is_early


async def _alert_if_overdue(context: Context, row: Change, to: Change | None, known: Cycle) -> None:
    """Publishes an alert that a revocation is overdue before Hasten restarts its row. A row that it
    restarts because a cycle has ended, or because the log contradicts it, is not overdue."""
    is_left = row.state is State.LEFT_TO_CYCLE and row.is_removal
    is_taken_back = to is not None and to.is_open and to.reason == TAKEN_BACK
    if is_left and is_taken_back:
        planned = LOOK_AT_JOB_OF_MEMBER if row.keeps_assignment else LOOK_AT_JOB
        overdue = replace(row, reason=TAKEN_BACK, next_action=known.next_step(planned))
        emit_doubt(context, overdue, OVERDUE)
        await context.outbox.publish([of_person(OVERDUE, overdue, now=context.now())])


async def _alert_if_unproven(context: Context, row: Change, to: Change | None) -> None:
    """Publishes an alert that the app leaves a change unshown, before Hasten writes the row."""
    if to is None or not (is_news(row, to) or is_contradicted(to)):
        return
    if to.is_removal:
        await alert_unproven(context, [to])
        return
    emit_grant_doubt(context, to)
    await context.outbox.publish([of_person(GRANT_UNPROVEN, to, now=context.now())])


async def _move(context: Context, ledger: Ledger, row: Change, to: Change | None) -> list[Change]:
    if to is None:
        return []
    noting = noting_proven(context, row, to)
    moved = await ledger.move([row], lambda _: to, commit=noting)
    for change in moved:
        if change.state is not row.state or row.needs_proof is not change.needs_proof:
            emit_moved(context, change)
    return moved
