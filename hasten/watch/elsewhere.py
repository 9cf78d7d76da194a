"""Finds what Hasten has recorded about a group for the other targets that watch it. The looks that
found it have moved the cursor, and were none of the target that asks."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Action, Change, FoundBy
from hasten.domain.history import Filter
from hasten.messages import Wake
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.watch.admit import admit

MEMBERSHIP = frozenset({Action.ADDED, Action.REMOVED})

NOTED_WITHIN = timedelta(minutes=10)
"""Maximum time until a sweep notes that a target has left targets.yaml: the first sweeps of the
process may fail, while its looks record what they find for the other targets."""


async def catch_up(
    context: Context, found: DiscoveredTarget, left: DiscoveredTarget, left_at: datetime
) -> None:
    """Records for `found`, a target that is back, or that has another name, who left its groups
    while no look knew it, and who joined those that are still assigned. `left` is what the last
    sweep before that saw. Each change has the number of its slice of the group's history: what the
    target has recorded already has no effect. What was found for another target of the same job is
    called for that one. Raises TemporaryError and PermanentError of Graph, of the store and of
    Service Bus."""
    others = {
        one.target
        for one in await discovered.load_all(context.store)
        if one.target != found.target and one.route != left.route
    }
    rows = [
        row
        for row in await _rows(context, others, left_at - NOTED_WITHIN)
        if (left.watches(row.group) or left.let_go_at(row.group))
        and (row.is_removal or found.watches(row.group))
    ]
    if rows:
        rows.sort(key=lambda row: (row.origin, row.is_removal))
        newest = {(row.group, row.user): row for row in rows}
        await admit(context, [_for(found.target, row) for row in newest.values()])
        await context.send(Wake(target=found.target))


async def _rows(context: Context, targets: Collection[str], since: datetime) -> list[Change]:
    """Returns the rows of the targets about people who joined or left a group after `since`. Their
    own assignment of a group is nothing of that kind."""
    if not targets:
        return []
    rows = {row.name: row for t in targets for row in await _unsettled(context, t)}
    ended = {
        (entry.target, entry.group, entry.user)
        async for entry in context.history.every(Filter(since=since))
        if entry.target in targets and entry.action in MEMBERSHIP
    }
    finds = (context.ledger.find(*name) for name in sorted(ended - rows.keys()))
    found = [*rows.values(), *(row for row in await asyncio.gather(*finds) if row is not None)]
    return [
        row
        for row in found
        if row.action in MEMBERSHIP
        and not row.is_unreadable
        and row.found_by is not FoundBy.ASSIGNMENT
        and row.last_seen_at >= since
    ]


async def _unsettled(context: Context, target: str) -> list[Change]:
    return [
        *await context.ledger.open_changes(target),
        *await context.ledger.unproven_changes(target),
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
