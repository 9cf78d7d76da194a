"""Reads whether removed users are still assigned to the target. The result decides how Hasten calls
them. In a drain, a read that takes long delays nobody else."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import DIRECT, Change
from hasten.domain.planning import AssignmentStatus
from hasten.errors import PermanentError, ReadError, TemporaryError
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from hasten.ports.directory_values import Member, Members
from hasten.watch.list_members import list_members

CONTRADICTION = "Graph finds the user in one of two reads only: a replica lags behind"
CONTRADICTION_DELAY = timedelta(seconds=15)

PLAN_WAIT = timedelta(seconds=5)
"""Maximum time for which one plan waits for reads of Graph, which answers most within a second. A
read can take minutes, with its timeouts and its repetitions."""


@dataclass(frozen=True, slots=True)
class RemovalStatus:
    """The assignment status of one user. `through` holds the groups (or DIRECT) that Graph lists as
    assigning the user to the target, including groups that the user left recently. `began` is when
    the read began."""

    standing: AssignmentStatus
    began: datetime
    through: frozenset[str] = frozenset()


Reading = asyncio.Task[RemovalStatus | ReadError]


@dataclass(slots=True)
class StatusReads:
    """The reads of one drain, by user. `has_answer` is True once a read has shown the status of
    anybody: then Graph has no outage."""

    context: Context
    has_answer: bool = False
    _tasks: dict[str, Reading] = field(default_factory=dict)

    @property
    def users(self) -> frozenset[str]:
        """The users whom a read under way is about."""
        return frozenset(user for user, task in self._tasks.items() if not task.done())

    async def status(
        self, service_principal: str, rows: Sequence[Change]
    ) -> tuple[Mapping[str, RemovalStatus], Mapping[str, ReadError]]:
        """Returns the status of the users of `rows` by user, and by user the error of each read
        that failed. Raises none of them. A read that is still under way after PLAN_WAIT goes on: a
        later call returns what it shows."""
        of_user = _by_user(rows)
        began: list[Reading] = []
        for user, own in of_user.items():
            task = self._tasks.get(user)
            if task is None or _is_outdated(task, own):
                self._tasks[user] = asyncio.create_task(self._read(service_principal, own[0]))
                began.append(self._tasks[user])
        if began:
            await asyncio.wait(began, timeout=PLAN_WAIT.total_seconds())
        ended = [user for user in of_user if self._tasks[user].done()]
        return _sorted_out({user: self._tasks.pop(user).result() for user in ended})

    async def end(self) -> None:
        """Ends the reads that are under way. The next drain reads these users again."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    async def _read(self, service_principal: str, row: Change) -> RemovalStatus | ReadError:
        shown = await _read_status(self.context, service_principal, row)
        self.has_answer = self.has_answer or isinstance(shown, RemovalStatus)
        return shown


async def removal_status(
    context: Context, service_principal: str, removals: Sequence[Change]
) -> tuple[Mapping[str, RemovalStatus], Mapping[str, ReadError]]:
    """Reads from Graph whether the users of `removals` are still assigned to the service principal.
    Returns the status by user, and by user the error of each read that failed. Raises none of
    them."""
    of_user = _by_user(removals)
    found = await asyncio.gather(
        *(_read_status(context, service_principal, rows[0]) for rows in of_user.values())
    )
    return _sorted_out(dict(zip(of_user, found, strict=True)))


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


def _by_user(rows: Sequence[Change]) -> dict[str, list[Change]]:
    of_user: dict[str, list[Change]] = defaultdict(list)
    for row in rows:
        of_user[row.user].append(row)
    return of_user


def _sorted_out(
    read: Mapping[str, RemovalStatus | ReadError],
) -> tuple[Mapping[str, RemovalStatus], Mapping[str, ReadError]]:
    """Returns the statuses and the errors by user."""
    known = {user: one for user, one in read.items() if isinstance(one, RemovalStatus)}
    return known, {u: one for u, one in read.items() if not isinstance(one, RemovalStatus)}


def _is_outdated(task: Reading, rows: Sequence[Change]) -> bool:
    """Returns whether the read ended and had begun before one of the rows was found."""
    if not task.done():
        return False
    shown = task.result()
    return isinstance(shown, RemovalStatus) and any(row.found_at > shown.began for row in rows)


async def _read_status(
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
