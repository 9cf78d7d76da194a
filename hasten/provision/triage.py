"""Decides which rows need no call, or cannot have one: Entra's own cycle has provisioned them, will
do so sooner, or is the only way; or the job does not run and the rows must wait."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.domain import cycle
from hasten.domain.changes import Change
from hasten.domain.outcomes import of_alert
from hasten.domain.planning import OUT_OF_REACH, AssignmentStatus, Call
from hasten.domain.rejoining import rejoined
from hasten.domain.removal_settlement import never_shown
from hasten.domain.row_states import left_to_cycle, waiting
from hasten.errors import PermanentError, ReadError, TemporaryError
from hasten.ports.directory_values import Members
from hasten.provision.change_events import alert_unproven, emit_moved
from hasten.provision.kept_memberships import note_left
from hasten.provision.removal_reach import is_unshown, may_lag, out_of_reach, read_again
from hasten.provision.removal_status import RemovalStatus, is_member_again, members_of
from hasten.provision.seen_grants import may_not_show
from hasten.provision.state import Drain
from hasten.provision.wait_for_app import also_in_app, without_waiting_for_app
from hasten.telemetry.targets import TargetUnhealthy

Reason = Callable[[Change], str]
Move = Callable[[Change], Change]

JOB_PROBLEM_PAUSE = timedelta(minutes=5)
"""Delay before Hasten checks again whether a job that was missing or in quarantine runs."""

UNREADABLE_USER_PAUSE = timedelta(seconds=15)
"""Minimum delay before Hasten reads a user's assignment status again after an error."""

LEFT_AT_ONCE = 200
"""Maximum number of calls that one plan leaves to Entra's own cycle, because the revocations of the
plan wait for that. The next plans leave the others."""

SEEN_ENABLED = "Hasten has just seen the user enabled, which Graph does not show yet"
HIDDEN_MEMBER = "a member of the group cannot be read, and may be the user"
CYCLE_HAS_ENDED = (
    "Entra's own cycle began after the change and has ended; what it did is not shown yet"
)
CYCLE_IS_SOONER = "paced calls would come later than Entra's own cycle"


async def wait_out(drain: Drain, rows: Sequence[Change]) -> None:
    """Makes every row wait, with the reason, and publishes an alert, because the job provisions
    nothing. Graph would answer calls with errors, or the answers would prove nothing. A timer wakes
    the target for these rows, however many they are."""
    now, known = drain.now, drain.cycle
    drain.context.emit(
        TargetUnhealthy(
            target=drain.target.name, reason=known.problem, next_action=known.next_action
        )
    )
    alert = of_alert(
        "unhealthy",
        target=drain.target.name,
        group="",
        reason=known.problem,
        next_action=known.next_action,
        key=known.problem_since,
        now=now,
    )
    await drain.context.outbox.publish([alert])
    moved = await drain.ledger.move(
        rows,
        lambda row: waiting(
            row,
            due_at=now + JOB_PROBLEM_PAUSE,
            reason=known.problem,
            next_action=known.next_action,
        ),
    )
    drain.postponed |= {row.user for row in moved}


async def postpone(
    drain: Drain, removals: Sequence[Change], read_errors: Mapping[str, ReadError]
) -> None:
    """Postpones removals because of a read that failed or that proves nothing, by user. One such
    user delays nobody else."""
    now = drain.now
    moved = await drain.ledger.move(
        removals, lambda row: postponed(row, read_errors[row.user], now)
    )
    drain.postpones(moved)


def postponed(row: Change, error: ReadError, now: datetime) -> Change:
    match error:
        case TemporaryError(reason=reason, delay=delay):
            return waiting(row, due_at=now + max(delay, UNREADABLE_USER_PAUSE), reason=reason)
        case PermanentError(reason=reason, next_action=next_action):
            due_at = now + JOB_PROBLEM_PAUSE
            return waiting(row, due_at=due_at, reason=reason, next_action=next_action)


async def without_covered(drain: Drain, rows: Sequence[Change]) -> list[Change]:
    """Leaves the grants to a cycle that has ended and could see them, and returns the other rows.
    The provisioning log decides what the cycle has done. A completed cycle is not enough to end a
    revocation."""
    covered = [row for row in rows if drain.cycle.covers(row) and not row.is_removal]
    await leave(drain, covered, lambda _: CYCLE_HAS_ENDED, drain.now)
    gone = frozenset(covered)
    return [row for row in rows if row not in gone]


async def without_members_again(
    drain: Drain, removals: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Turns the removals of users who are members again into grants, and returns the others.

    Graph must also list them in the group itself: how long the assignments of a user may lag behind
    is not documented, and a grant in the place of a removal would lose the removal.
    """
    listed = [row for row in removals if is_member_again(row, known[row.user])]
    groups = sorted({row.group for row in listed})
    members = await members_of(drain.context, drain.found.service_principal, groups)
    unread: dict[Change, ReadError] = {}
    again = []
    for row in listed:
        people = members[row.group]
        if not isinstance(people, Members):
            unread[row] = people
        elif row.user in people.ids:
            again.append(row)
        elif people.may_hide(row.user):
            unread[row] = TemporaryError(HIDDEN_MEMBER, JOB_PROBLEM_PAUSE)
    for row, error in unread.items():
        await postpone(drain, [row], {row.user: error})
    await drain.ledger.move(again, lambda row: rejoined(row, now=known[row.user].began))
    gone = frozenset([*again, *unread])
    return [row for row in removals if row not in gone]


async def without_unreachable(
    drain: Drain, removals: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Ends the removals that no call can carry out, and returns the others. If the reason is
    another assignment, Hasten reads that once more after the directory has settled."""
    removals = await _without_lagging(drain, removals, known)
    if any(drain.met_in_app(row.user) for row in removals):
        removals = await without_waiting_for_app(drain, removals, known)
    some = [r for r in removals if known[r.user].standing is not AssignmentStatus.UNASSIGNED]
    reasons = {row.name: out_of_reach(drain, row, known[row.user]) for row in some}
    left = [row for row in some if reasons[row.name]]
    early = [row for row in left if may_lag(drain, row, known[row.user])]
    moved = await drain.ledger.move(early, lambda row: read_again(drain, row, known[row.user]))
    drain.postpones(moved)
    unshown = [row for row in left if is_unshown(row, known[row.user].standing)]
    if unshown:  # only a person can look into the app now
        await alert_unproven(drain.context, [never_shown(row, now=drain.now) for row in unshown])
    await _end(drain, unshown, lambda row: never_shown(row, now=drain.now))
    ended = [row for row in left if row not in early and row not in unshown]
    kept = [row for row in ended if known[row.user].standing is AssignmentStatus.ASSIGNED]
    expected_at = cycle_end(drain, ended)

    def why(row: Change) -> str:
        return also_in_app(drain, row, reasons[row.name])

    await leave(drain, ended, why, expected_at, kept=kept)
    gone = frozenset(left)
    return [row for row in removals if row not in gone]


async def _without_lagging(
    drain: Drain, removals: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Postpones the removals of users whom Graph shows as disabled or deleted although Hasten has
    just seen them enabled or restored. Returns the others."""
    users = sorted({r.user for r in removals if known[r.user].standing in OUT_OF_REACH})
    lagging = {
        user
        for user in users
        if await may_not_show(drain, user, known[user].standing, began=known[user].began)
    }
    left = [row for row in removals if row.user in lagging]
    errors = dict.fromkeys(lagging, TemporaryError(SEEN_ENABLED, UNREADABLE_USER_PAUSE))
    await postpone(drain, left, errors)
    return [row for row in removals if row.user not in lagging]


async def without_overflow(
    drain: Drain, calls: Sequence[Call], times: Sequence[datetime]
) -> list[Call]:
    """Leaves grants to Entra's cycle if their call, at its time in `times`, would come later than
    the cycle; LEFT_AT_ONCE of these calls. Returns the calls that remain. A cycle of a paused job
    never comes."""
    if drain.cycle.is_paused:
        return list(calls)
    over: dict[Call, datetime | None] = {}
    for call, at in zip(calls, times, strict=True):
        done_by = cycle_end(drain, call.changes)
        if len(over) < LEFT_AT_ONCE and not call.is_removal and _is_later(at, done_by):
            over[call] = done_by
    for done_by in dict.fromkeys(over.values()):
        rows = [row for call, at in over.items() if at == done_by for row in call.changes]
        await leave(drain, rows, lambda _: CYCLE_IS_SOONER, done_by)
    return [call for call in calls if call not in over]


def cycle_end(drain: Drain, rows: Collection[Change]) -> datetime | None:
    """Returns the expected end of the first cycle that can see all the rows; None if it is not
    known."""
    return drain.cycle.planned_by(max([drain.now, *map(cycle.shown_from, rows)]))


async def leave(
    drain: Drain,
    rows: Sequence[Change],
    reason: Reason,
    at: datetime | None,
    *,
    kept: Collection[Change] = (),
) -> None:
    """Leaves the rows to Entra's cycle. `kept` has the rows of leavers who keep another
    assignment."""
    if disabled := [row for row in rows if row.is_removal and row not in kept]:
        await note_left(drain, disabled)
    await _end(
        drain,
        rows,
        lambda row: left_to_cycle(
            replace(row, keeps_assignment=row in kept),
            now=drain.now,
            reason=reason(row),
            next_action=drain.cycle.next_step(),
            expected_at=at,
        ),
    )


async def _end(drain: Drain, rows: Sequence[Change], to: Move) -> None:
    for row in await drain.ledger.move(rows, to):
        emit_moved(drain.context, row)


def _is_later(at: datetime, done_by: datetime | None) -> bool:
    return done_by is not None and at > done_by
