"""Finds users who were assigned to a target directly, or unassigned, since the last sweep."""

from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.errors import Conflict
from hasten.ports.directory_values import Assignments
from hasten.records import cursors, direct_assignments
from hasten.targets import Target
from hasten.watch.assigned_rows import cursor_name, cursor_of, record, rows_of, sight_of


async def compare_direct(
    context: Context, target: Target, assignments: Assignments, *, is_first: bool
) -> int:
    """Records which user among `assignments`, those of now, was not known, and which known user is
    not among them. `is_first` is True in the first sweep, which records nobody. Returns the number
    of new changes. Raises TemporaryError and PermanentError of Graph and of the store, and Conflict
    if another sweep does the same at that moment, or an event takes the access of who joined.

    The starting point is read before the users are announced, so that what another sweep records
    once it has seen the announcement is newer. The cursor moves before the result is saved: after a
    crash in between, the next sweep compares again, and no later change has the number of an
    earlier one.
    """
    users = assignments.principals("User")
    known, now = await direct_assignments.known(context.store, target.name), context.now()
    new = {user for user in users if direct_assignments.is_new(known.get(user), now)}
    back = {user for user in new if direct_assignments.is_back(known.get(user), now)}
    refused = {user for user in back if await _is_refused(context, target, user)}
    joined = sorted(new - refused)
    gone = sorted(user for user in set(known) - users if not assignments.may_hide(user))
    left = [user for user in gone if not direct_assignments.may_not_show(known[user], now)]
    if not (joined or left or is_first):
        return 0
    changes, etags = 0, {user: document.etag for user, document in known.items()}
    if not is_first:
        rows = await rows_of(context, target, DIRECT, joined)
        removed = {user for user, row in rows.items() if row is not None and row.is_removal}
        if (known.keys() & joined) or removed:
            # The row of Hasten's own removal, of one that an event opened, or of what a crash left
            # may have the present origin, and only a later one counts.
            await _move_cursor(context, target)
        sight = await sight_of(context, target, DIRECT)
        unannounced = {
            user: document
            for user in [*joined, *left]
            if (document := known.get(user)) is None or not direct_assignments.is_new(document, now)
        }
        etags |= await direct_assignments.announce(context.store, target.name, unannounced)
        changes += await record(context, target, DIRECT, rows, Action.ADDED, sight=sight)
        rows = await rows_of(context, target, DIRECT, left)
        changes += await record(
            context, target, DIRECT, rows, Action.REMOVED, sight=sight, before=len(known)
        )
        await _refuse_removals(context, target, joined)
    await _move_cursor(context, target)
    await direct_assignments.save_sweep(context.store, target.name, joined, left, etags)
    return changes


async def _refuse_removals(context: Context, target: Target, joined: Sequence[str]) -> None:
    """Raises Conflict if the row of a user who joined is a removal: an event that does not see the
    assignment yet has opened it meanwhile. The next sweep finds them once more, and sees it."""
    rows = await rows_of(context, target, DIRECT, joined)
    if any(row and row.is_removal and not row.is_unreadable for row in rows.values()):
        raise Conflict(DIRECT)


async def _is_refused(context: Context, target: Target, user: str) -> bool:
    """Returns whether Graph refuses to unassign the user, as an event still wants: then nobody has
    assigned them again."""
    intent = await context.intents.find(target.name, DIRECT, user)
    if intent is None or intent.is_done:
        return False
    return intent.wanted is Wanted.ABSENT and bool(intent.refused)


async def _move_cursor(context: Context, target: Target) -> None:
    cursor = await cursor_of(context, target, DIRECT)
    await cursors.save(context.store, cursor_name(target, DIRECT), cursor.moved("", context.now()))
