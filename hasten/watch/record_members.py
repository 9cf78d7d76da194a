"""Records the members whom a read of a group's history shows, for the targets that watch the group.
If an unexpected exception is raised for one member, Hasten still records the others."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Action, Change, FoundBy
from hasten.domain.merging import is_overtaken
from hasten.domain.notifications import bounded
from hasten.domain.unexpected import Unexpected
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.halving import halved
from hasten.messages import Mirror, Wake
from hasten.ports.directory_values import Member, UnreadMember
from hasten.records import crashes, discovered
from hasten.twins import twins
from hasten.watch.admit import admit
from hasten.watch.repetitions import repeated, undecided

UNKNOWN_TARGET_DELAY = timedelta(seconds=30)
"""Delay before another look while the record of a target cannot be read: a sweep writes it."""

OVERTAKEN_DELAY = timedelta(seconds=2)
"""Delay before another look at a group to which Hasten wrote during the look. The clocks of two
instances may differ by that much."""

EXPECTED_ERRORS = (TemporaryError, PermanentError, Conflict)
"""Exceptions that say something about the read, and not about one of its members."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """The targets to which a group is assigned, one for each job, those from which it was
    unassigned lately with the time at which a sweep found that, and those whose policy mirrors its
    members. The targets in `unknown` may watch the group as well: their records cannot be read. No
    watcher counts if only the second are there: the cursor stays, for the next target that gets the
    group."""

    assigned: Sequence[str] = ()
    unassigned: Mapping[str, datetime] = field(default_factory=dict)
    mirroring: Sequence[str] = ()
    unknown: Collection[str] = ()

    def __bool__(self) -> bool:
        return bool(self.assigned or self.mirroring)

    def refuse_unknown(self) -> None:
        """Raises TemporaryError if the cursor must not move, because a target might miss what was
        read."""
        if self.unknown:
            raise TemporaryError(
                f"the record of target {min(self.unknown)} cannot be read; a sweep writes it anew",
                UNKNOWN_TARGET_DELAY,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A slice of a group's history: its number, and the look that read it from `began` on.
    `is_past` says that a look has read it before and moved the cursor on."""

    group: str
    origin: int
    noticed_at: datetime
    found_by: FoundBy
    began: datetime
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """The new changes, those of them that a notification should have brought, and the members who
    could not be recorded, with the first exception."""

    changes: Sequence[Change]
    unannounced: Sequence[Change] = ()
    failed: Sequence[UnreadMember] = ()
    error: Exception | None = None


async def watchers_of(context: Context, group: str) -> Watchers:
    everything, unread = await discovered.load_known(context.store)
    concerned = [one for one in everything if one.watches(group) or one.let_go_at(group)]
    served = twins(context, everything)
    serving = [found for found in concerned if found.target not in served]
    return Watchers(
        assigned=[found.target for found in serving if found.watches(group)],
        unassigned={one.target: at for one in serving if (at := one.let_go_at(group))},
        mirroring=[found.target for found in everything if found.mirrors(group)],
        unknown=unread & context.targets.keys(),
    )


async def record_members(
    context: Context, of: Slice, watchers: Watchers, members: Sequence[Member]
) -> Recorded:
    """Writes the changes of users to the ledger, then wakes the targets. Raises TemporaryError,
    also if Hasten has given access while a leaver was read, PermanentError and Conflict."""
    changes = [
        Change(
            target=target,
            group=of.group,
            user=member.id,
            action=Action.REMOVED if member.removed else Action.ADDED,
            origin=of.origin,
            noticed_at=of.noticed_at,
            found_at=of.began,
            seen_at=of.began,
            due_at=of.began,
            found_by=of.found_by,
            also_added=member.also_added,
        )
        for target in (*watchers.assigned, *watchers.unassigned)
        for member in members
        if member.may_be_user
    ]
    changes = await _without_known(context, changes, watchers.unassigned)
    if of.is_past:
        changes = await undecided(context, changes)
    by_timer = of.found_by is FoundBy.RECONCILE
    known = await repeated(context, changes) if by_timer else ()
    errors: list[tuple[str, Exception]] = []

    async def record(users: Sequence[str]) -> Sequence[Change]:
        some = frozenset(users)
        return await admit(context, [change for change in changes if change.user in some])

    async def fail(user: str, error: Exception) -> None:
        errors.append((user, error))

    users = list(dict.fromkeys(change.user for change in changes))
    recorded = await halved(users, record, fail, expected=EXPECTED_ERRORS)
    if changes:
        targets = sorted({change.target for change in changes})
        await asyncio.gather(*(context.send(Wake(target=target)) for target in targets))
    await _refuse_overtaken(context, changes, recorded)
    failed = [UnreadMember(user, Unexpected.of(error).reason) for user, error in errors]
    for one in failed:
        await crashes.note(context.store, f"group {of.group}", one.problem, context.now())
    unannounced = [change for change in recorded if by_timer and change.name not in known]
    return Recorded(recorded, unannounced, failed, errors[0][1] if errors else None)


async def _refuse_overtaken(
    context: Context, changes: Sequence[Change], recorded: Sequence[Change]
) -> None:
    """Raises TemporaryError if Hasten has recorded an addition of its own since the read began that
    shows the same user leaving."""
    written = {change.name for change in recorded}
    leavers = [one for one in changes if one.is_removal and one.name not in written]
    rows = await asyncio.gather(*(context.ledger.find(*one.name) for one in leavers))
    for leaver, row in zip(leavers, rows, strict=True):
        if row is not None and is_overtaken(row, leaver):
            reason = f"Hasten has added {leaver.user} to group {leaver.group} during the read"
            raise TemporaryError(reason, OVERTAKEN_DELAY)


async def _without_known(
    context: Context, changes: Sequence[Change], unassigned: Mapping[str, datetime]
) -> list[Change]:
    """Returns the changes without those that mean nothing because the group was unassigned: who
    joins it gets no access, and of most of those who leave it a sweep has recorded a removal since
    then. An older removal says nothing: they may have come back unseen, to a large group that was
    assigned again or while a link had expired."""
    leavers = [one for one in changes if one.target in unassigned and one.is_removal]
    rows = await asyncio.gather(*(context.ledger.find(*one.name) for one in leavers))
    news = {
        one.name
        for one, row in zip(leavers, rows, strict=True)
        if row is None
        or not row.is_removal
        or row.origin == one.origin
        or row.last_seen_at < unassigned[one.target]
    }
    return [one for one in changes if one.target not in unassigned or one.name in news]


async def mirror(
    context: Context, group: str, watchers: Watchers, members: Sequence[Member]
) -> None:
    """Asks the targets whose policy mirrors the group to do so now. Call before the cursor
    moves."""
    users = [member for member in members if member.may_be_user]
    added = frozenset(member.id for member in users if not member.removed)
    removed = frozenset(member.id for member in users if member.removed)
    added, removed = bounded(added - removed, removed)
    for target in watchers.mirroring:
        await context.send(Mirror(target=target, source=group, added=added, removed=removed))
