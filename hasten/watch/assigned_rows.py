"""Records what a sweep finds of assignments in the ledger."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import DIRECT, Action, Change, FoundBy, State
from hasten.domain.cycle import NOTHING_TO_DO
from hasten.domain.merging import is_own_write
from hasten.domain.row_states import left_to_cycle
from hasten.records import cursors
from hasten.records.cursors import Cursor
from hasten.targets import Target
from hasten.watch.admit import admit

MANY_AGAIN = "the group is assigned again, and has more members than most_new_members"

Sight = tuple[int, datetime]
"""The cursor's origin and the time at which the read began."""

Rows = Mapping[str, Change | None]
"""The ledger's rows of users in one group, by user; None for a user without a row."""


async def rows_of(context: Context, target: Target, group: str, users: Sequence[str]) -> Rows:
    """Reads the rows of the users in one group. Raises TemporaryError of the store."""
    rows = await asyncio.gather(*(context.ledger.find(target.name, group, u) for u in users))
    return dict(zip(users, rows, strict=True))


async def record(
    context: Context,
    target: Target,
    group: str,
    rows: Rows,
    action: Action,
    *,
    sight: Sight,
    before: int | None = None,
) -> int:
    """Records a change of each user in `rows`, except those of whom the ledger has it from Hasten's
    own write. `before` is the number of users before they left. Returns the number of new
    changes."""
    changes = {user: _found(target, group, user, action, sight) for user in rows}
    new = [
        change
        for user, change in changes.items()
        if (known := rows[user]) is None or not is_own_write(known, change)
    ]
    return len(await admit(context, new, members_before=before))


def _found(target: Target, group: str, user: str, action: Action, sight: Sight) -> Change:
    origin, at = sight
    return Change(
        target=target.name,
        group=group,
        user=user,
        action=action,
        origin=origin,
        noticed_at=at,
        found_at=at,
        seen_at=at,
        due_at=at,
        found_by=FoundBy.ASSIGNMENT,
        ahead=group == DIRECT or action is Action.ADDED,
    )


async def held_before(
    context: Context, target: Target, group: str, since: datetime
) -> list[Change]:
    """Returns the removals of the group that are held from before `since`, when a sweep found that
    the group was assigned again. Who has left the group after that is not among them."""
    opened = await context.ledger.open_changes(target.name)
    held = [row for row in opened if row.state is State.HELD and row.is_removal]
    return [row for row in held if row.group == group and row.seen_at < since]


async def leave_held(
    context: Context,
    target: Target,
    held: Sequence[Change],
    members: Collection[str],
    *,
    sight: Sight,
) -> int:
    """Leaves the grants of those members to Entra's cycle whose removal is held: nobody has to
    decide about them any more. `sight` is from before `held` was read: who has left since is found
    in that slice, or in a later one. Returns their number."""
    _, at = sight
    there = frozenset(members)
    again = [row for row in held if row.user in there]
    joined = [_found(target, row.group, row.user, Action.ADDED, sight) for row in again]
    left = [
        left_to_cycle(
            change, now=at, reason=MANY_AGAIN, next_action=NOTHING_TO_DO, expected_at=None
        )
        for change in joined
    ]
    return len(await context.ledger.record(left))


async def sight_of(context: Context, target: Target, group: str) -> Sight:
    """Returns the read's starting point. Call before reading the members: a look that moves the
    cursor meanwhile has seen more."""
    cursor = await cursor_of(context, target, group)
    return cursor.origin, context.now()


async def cursor_of(context: Context, target: Target, group: str) -> Cursor:
    return await cursors.load_or_first(context.store, cursor_name(target, group), context.now())


def cursor_name(target: Target, group: str) -> str:
    return f"{DIRECT}|{target.name}" if group == DIRECT else group


async def level_direct_cursor(context: Context, target: str, heir: str) -> None:
    """Moves the cursor of the direct assignments of `heir` to that of `target` if it is behind:
    what a sweep finds for `heir` is newer than the rows that come to it. Raises Conflict if another
    sweep moves it."""
    names, now = (f"{DIRECT}|{target}", f"{DIRECT}|{heir}"), context.now()
    old, own = [await cursors.load_or_first(context.store, name, now) for name in names]
    if own.origin < old.origin:
        await cursors.save(context.store, names[1], replace(own, origin=old.origin))
