"""Finds what Hasten has recorded about a group for the other targets that watch it. The looks that
found it have moved the cursor, and were none of the target that asks."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Action, Change, FoundBy
from hasten.domain.history import Filter
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.watch.admit import admit

ENDED_PER_READ = 1_000
"""Ended changes of a group that Hasten reads at a time. The limit of calls allows 150 people a
minute: more than one read is rare."""


async def catch_up(
    context: Context, target: str, left: DiscoveredTarget, left_at: datetime
) -> None:
    """Records for a target that is back, or has another name, who joined and left its groups while
    no look knew it. `left` is what the last sweep before that saw. Each change has the number of
    its slice of the group's history: what the target has recorded already has no effect. What was
    found for another target of the same job is called for that one. Raises TemporaryError and
    PermanentError of Graph, of the store and of Service Bus."""
    found = await discovered.load(context.store, target)
    watched = set(left.groups).intersection(found.groups if found else ())
    since = left_at - REPLICATION_SETTLED_AFTER
    rows: list[Change] = []
    for group in watched:
        others = await _others(context, target, group)
        for other in (one.target for one in others if one.route != left.route):
            rows += await _rows(context, other, group, since)
    if rows:
        await admit(context, [_for(target, row) for row in rows])
        await context.send(Wake(target=target))


async def left_elsewhere(context: Context, target: str, group: str, since: datetime) -> set[str]:
    """Returns the users whose leaving Hasten recorded for other targets of the group."""
    left: set[str] = set()
    for other in await _others(context, target, group):
        left |= await users_recorded(context, other.target, group, since, {Action.REMOVED})
    return left


async def users_recorded(
    context: Context, target: str, group: str, since: datetime, actions: Collection[Action]
) -> set[str]:
    """Returns the users of whom Hasten has recorded one of the actions: all that are not settled in
    the ledger, and those that the history has after `since`."""
    rows = [
        *await context.ledger.open_changes(target),
        *await context.ledger.unproven_changes(target),
    ]
    users = {row.user for row in rows if row.group == group and row.action in actions}
    matches, before = Filter(target=target, group=group, since=since), None
    while True:
        page = await context.history.newest(ENDED_PER_READ, before=before, matches=matches)
        users |= {entry.user for entry in page.entries if entry.action in actions}
        before = page.before
        if before is None:
            return users


async def _others(context: Context, target: str, group: str) -> list[DiscoveredTarget]:
    known = await discovered.load_all(context.store)
    return [one for one in known if one.watches(group) and one.target != target]


async def _rows(context: Context, other: str, group: str, since: datetime) -> list[Change]:
    """Returns the rows of the target `other` about people who joined or left the group after
    `since`. Its own assignment of the group is nothing of that kind."""
    users = await users_recorded(context, other, group, since, {Action.ADDED, Action.REMOVED})
    rows = await asyncio.gather(*(context.ledger.find(other, group, user) for user in users))
    return [
        row
        for row in rows
        if row is not None
        and not row.is_unreadable
        and row.found_by is not FoundBy.ASSIGNMENT
        and max(row.found_at, row.seen_at) >= since
    ]


def _for(target: str, row: Change) -> Change:
    return Change(
        target=target,
        group=row.group,
        user=row.user,
        action=row.action,
        origin=row.origin,
        noticed_at=row.noticed_at,
        found_at=row.found_at,
        seen_at=row.seen_at,
        due_at=row.found_at,
        found_by=row.found_by,
        also_added=row.also_added,
    )
