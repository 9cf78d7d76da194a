"""Reads whether removed users are still assigned to the target. The result decides how Hasten calls
them."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import DIRECT, Change
from hasten.domain.planning import AssignmentStatus
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.ports.directory_values import Member, Members
from hasten.watch.list_members import list_members

ReadError = TemporaryError | PermanentError

CONTRADICTION = "Graph finds the user in one of two reads only: a replica lags behind"
CONTRADICTION_DELAY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class RemovalStatus:
    """The assignment status of one user. `through` holds the groups (or DIRECT) that Graph lists as
    assigning the user to the target, including groups that the user left recently. `began` is when
    the read began."""

    standing: AssignmentStatus
    began: datetime
    through: frozenset[str] = frozenset()


async def removal_status(
    context: Context, service_principal: str, removals: Sequence[Change]
) -> tuple[Mapping[str, RemovalStatus], Mapping[str, ReadError]]:
    """Reads from Graph whether the users of `removals` are still assigned to the service principal.
    Returns the status by user, and by user the error of each read that failed. Raises none of
    them."""
    of_user: dict[str, list[Change]] = defaultdict(list)
    for removal in removals:
        of_user[removal.user].append(removal)
    found = await asyncio.gather(
        *(read_status(context, service_principal, rows[0]) for rows in of_user.values())
    )
    return sorted_out(dict(zip(of_user, found, strict=True)))


def sorted_out(
    read: Mapping[str, RemovalStatus | ReadError],
) -> tuple[Mapping[str, RemovalStatus], Mapping[str, ReadError]]:
    """Returns the statuses and the errors by user."""
    known = {user: one for user, one in read.items() if isinstance(one, RemovalStatus)}
    return known, {u: one for u, one in read.items() if not isinstance(one, RemovalStatus)}


def is_member_again(row: Change, status: RemovalStatus) -> bool:
    """Returns True if Graph lists the removed user as a member of the same group, in a read that
    began so long after the change that no replica could still lag behind it."""
    return row.group in status.through and status.began - row.seen_at >= ASSIGNMENT_COUNTS_WITHIN


async def members_of(
    context: Context, service_principal: str, groups: Collection[str]
) -> Mapping[str, Members | ReadError]:
    """Returns for each group the members that Graph lists, or the error of that read. For DIRECT it
    returns the users with a direct assignment."""

    async def read(group: str) -> Members:
        if group == DIRECT:
            given = await context.directory.assignments(service_principal)
            listed = [Member(one.principal, "", removed=False) for one in given.listed]
            return Members(listed, given.unread)
        return await list_members(context, group)

    async def tried(group: str) -> Members | ReadError:
        try:
            return await read(group)
        except (TemporaryError, PermanentError) as error:
            return error

    found = await asyncio.gather(*map(tried, groups))
    return dict(zip(groups, found, strict=True))


async def read_status(
    context: Context, service_principal: str, removal: Change
) -> RemovalStatus | ReadError:
    """Returns what Graph shows of the user of `removal`, or the error of the read."""
    try:
        return await _read(context, service_principal, removal)
    except (TemporaryError, PermanentError) as error:
        return error


async def _read(context: Context, service_principal: str, removal: Change) -> RemovalStatus:
    user, target = removal.user, removal.target
    directory, began = context.directory, context.now()
    listed, known = await asyncio.gather(
        directory.assigned_through(user, service_principal), directory.user(user)
    )
    if listed is None and known is None:
        return RemovalStatus(AssignmentStatus.DELETED, began)
    if listed is None or known is None:
        raise TemporaryError(CONTRADICTION, CONTRADICTION_DELAY)
    through = frozenset(DIRECT if principal == user else principal for principal in listed)
    if known.enabled is False:
        return RemovalStatus(AssignmentStatus.DISABLED, began, through)
    left = await _lately_left(context, target, user, through, began)
    is_assigned = bool(through - left)
    standing = AssignmentStatus.ASSIGNED if is_assigned else AssignmentStatus.UNASSIGNED
    return RemovalStatus(standing, began, through)


async def _lately_left(
    context: Context, target: str, user: str, through: Collection[str], began: datetime
) -> frozenset[str]:
    """Returns the groups that the user left so recently, according to the ledger, that Graph may
    have listed them when the read `began`. A removal that was called a moment ago counts like one
    that waits for its call."""
    groups = sorted(through)
    rows = await asyncio.gather(*(context.ledger.find(target, group, user) for group in groups))
    return frozenset(
        group
        for group, row in zip(groups, rows, strict=True)
        if row is not None and row.is_removal and began - row.seen_at < REPLICATION_SETTLED_AFTER
    )
