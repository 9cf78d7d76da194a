"""Prepares the rows about users' own accounts for their calls: finds the rows that Graph
contradicts, the users without an assignment, and the calls that give access again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from hasten.domain.changes import Change, State
from hasten.domain.planning import OUT_OF_REACH, AssignmentStatus, route_of
from hasten.domain.row_states import returned, waiting
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.operate.rows_of_person import rows_of_person
from hasten.people_look import PeopleLook
from hasten.provision.change_events import emit_moved
from hasten.provision.removal_status import RemovalStatus
from hasten.provision.state import Drain
from hasten.provision.triage import leave
from hasten.side_by_side import side_by_side

PEOPLE_AT_ONCE = 8

CONTRADICTED_PAUSE = timedelta(minutes=2)
"""Delay before Hasten reads a user again whose row Graph contradicts. The look that it asks for
replaces the row sooner if Graph is right."""

STILL_PRESENT = "Graph shows the user enabled and assigned: Hasten looks at the account again"
STILL_OUT = "Graph shows the user disabled or deleted: Hasten looks at the account again"
NOT_SHOWN_YET = "Graph shows no assignment of the user yet"
NOT_ASSIGNED = "the user is not assigned any more, and Hasten calls nobody who is not"
WITHIN_REACH = "the user is enabled again, so that a call can take the access"


async def without_contradicted(
    drain: Drain, rows: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Postpones the rows about users' own accounts that Graph contradicts, and returns the other
    rows. A replica may lag, or the account may have changed again. A look decides, and its row
    replaces this one."""
    own = [row for row in rows if row.is_of_person]
    doubted = [row for row in own if _is_contradicted(row, known[row.user].standing)]
    moved = await drain.ledger.move(doubted, lambda row: _postponed(row, known[row.user].began))
    drain.postpones(moved)
    late = {row.user: row for row in moved if not _may_lag(row, known[row.user].began)}
    for row in late.values():
        began = known[row.user].began
        look = PeopleLook(
            users=frozenset({row.user}), noticed_at=began, found_by=row.found_by, doubts=True
        )
        await drain.context.send(look)
    gone = frozenset(doubted)
    return [row for row in rows if row not in gone]


async def still_asking(
    drain: Drain, rows: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Returns the updates of accounts that need a call, with the calls that give access again.
    Postpones or ends the others."""
    rows = await without_contradicted(drain, rows, known)
    rows = await _without_unassigned(drain, rows, known)
    return await _with_routes(drain, rows, known)


async def _without_unassigned(
    drain: Drain, rows: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Ends the rows of users who have no assignment, and returns the others: an update never grants
    access, and a user who is enabled or restored gets only what the directory assigns. A call can
    act on such a user again, so Hasten returns to their removals."""
    unassigned = [row for row in rows if known[row.user].standing is AssignmentStatus.UNASSIGNED]
    again = [row for row in unassigned if row.action.gives_access_again]
    early = [row for row in again if _may_lag(row, known[row.user].began)]
    moved = await drain.ledger.move(
        early, lambda row: waiting(row, due_at=_settled_at(row), reason=NOT_SHOWN_YET)
    )
    drain.postpones(moved)
    ended = [row for row in unassigned if row not in early]
    await _return_to_removals(drain, {row.user for row in ended if row.action.gives_access_again})
    await leave(drain, ended, lambda _: NOT_ASSIGNED, None)
    gone = frozenset(unassigned)
    return [row for row in rows if row not in gone]


async def _return_to_removals(drain: Drain, users: Collection[str]) -> None:
    """Opens the removals of these users that were left to the cycle: no call could act on a user
    who was disabled or deleted, and their account in the app may still be active. That a cycle has
    ended since shows nothing. A crash after this repeats it, because the rows that ask for it end
    later."""
    context, target, now = drain.context, drain.target.name, drain.now
    known = await side_by_side(
        partial(rows_of_person, context, target), sorted(users), PEOPLE_AT_ONCE
    )
    left = [row for rows in known for row in rows if _is_left_removal(row)]
    moved = await drain.ledger.move(left, lambda row: returned(row, now=now, reason=WITHIN_REACH))
    for row in moved:
        emit_moved(context, row)


async def _with_routes(
    drain: Drain, rows: Sequence[Change], known: Mapping[str, RemovalStatus]
) -> list[Change]:
    """Returns the rows, with the calls that give access again written to those that need them. If
    the user is assigned through other groups than the calls are for, the calls begin anew: one on a
    group that the user has left meanwhile gives nothing."""

    def route(row: Change) -> tuple[str, ...]:
        return route_of(known[row.user].through, drain.target.grants_by)

    stale = [row for row in rows if row.action.gives_access_again and row.route != route(row)]
    moved = await drain.ledger.move(stale, lambda row: replace(row, route=route(row), served=0))
    others = [row for row in rows if row not in frozenset(stale)]
    return [*others, *moved]


def _is_left_removal(row: Change) -> bool:
    """Returns whether the removal was left to the cycle, and not by an operator."""
    return row.is_removal and row.state is State.LEFT_TO_CYCLE and not row.is_discarded


def _is_contradicted(row: Change, standing: AssignmentStatus) -> bool:
    if row.is_removal:
        return standing is AssignmentStatus.ASSIGNED
    return standing in OUT_OF_REACH


def _postponed(row: Change, now: datetime) -> Change:
    reason = STILL_PRESENT if row.is_removal else STILL_OUT
    due = _settled_at(row) if _may_lag(row, now) else now + CONTRADICTED_PAUSE
    return waiting(row, due_at=due, reason=reason)


def _may_lag(row: Change, now: datetime) -> bool:
    return now < _settled_at(row)


def _settled_at(row: Change) -> datetime:
    return row.seen_at + REPLICATION_SETTLED_AFTER
