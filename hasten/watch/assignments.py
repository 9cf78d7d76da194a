"""Finds users and groups that were assigned to a target or unassigned since the last sweep. Graph
sends no notification for either."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Action, Change, FoundBy
from hasten.domain.history import Filter
from hasten.domain.rejoining import is_decided_by_list
from hasten.domain.sightings import milliseconds
from hasten.error_collector import ErrorCollector
from hasten.errors import Conflict
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.ports.directory_errors import DeltaCutShort, DeltaExpired
from hasten.ports.directory_values import Assignments, Members
from hasten.records import cursors, unread_members
from hasten.records.discovered import DiscoveredTarget
from hasten.targets import Target
from hasten.telemetry.watch import AssignmentChanged, AssignmentResult, CursorReset
from hasten.watch.assigned_rows import (
    Rows,
    Sight,
    held_before,
    leave_held,
    record,
    rows_of,
    sight_of,
)
from hasten.watch.compare_direct import compare_direct
from hasten.watch.elsewhere import NOTED_WITHIN
from hasten.watch.list_members import list_members


def with_differences(
    before: DiscoveredTarget, found: DiscoveredTarget, differing: Collection[str], now: datetime
) -> DiscoveredTarget:
    """Returns the record to save before anything is recorded of the `differing` groups: its groups
    are those of `found`, and each one that is newly assigned or unassigned is unsettled. So members
    that Hasten has already called are revoked if their group is unassigned before the next sweep,
    and called again if it is assigned again. A difference that lasts, because a group cannot be
    read, counts from now on: the lists that settle it come later."""
    noted = replace(found, deleted=before.deleted, unsettled=before.unsettled)
    return noted.unsettled_since(differing, now)


async def compare_assignments(
    context: Context,
    target: Target,
    before: DiscoveredTarget | None,
    found: DiscoveredTarget,
    assignments: Assignments,
    *,
    errors: ErrorCollector,
) -> DiscoveredTarget:
    """Writes the differences from `before`, the last sweep, to the ledger and wakes the target. The
    first sweep finds no difference: Entra's own cycle provisions everything that was there before
    Hasten.

    `found` is the result of `with_differences`, which is saved already: a crash at any point
    repeats the comparison. The cursor's origin distinguishes the rows.

    Returns `found` with the groups that were deleted and those that are not settled. A lagging
    replica may not know a group, so one that seems deleted is looked for until all have settled,
    because nobody can be called for a deleted group. The errors of one group go to `errors`: it
    stays as the last sweep saw it, and the next one compares it once more; what was found of the
    others stands. Raises TemporaryError and PermanentError of the store and of Service Bus.
    """
    if before is None:
        await compare_direct(context, target, assignments, is_first=True)
        return found
    deleted = dict(found.deleted)
    unsettled: dict[str, str] = {}
    unread: set[str] = set()
    changes = 0
    differing = set(before.groups) ^ set(found.groups)
    revocations_first = sorted(found.unsettled, key=lambda group: (group in found.groups, group))
    for group in revocations_first:
        at = unsettled[group] = found.unsettled[group]
        unread.add(group)
        compare = _assigned if group in found.groups else _unassigned
        with errors.collect_any():
            found_at = datetime.fromisoformat(at)
            if compare is _unassigned and await context.directory.group(group) is None:
                if group not in deleted:
                    _emit(context, target, group, "deleted", 0)
                deleted[group] = at
                is_settled = context.now() - found_at >= REPLICATION_SETTLED_AFTER
            else:
                is_new = deleted.pop(group, None) is not None or group in differing
                recorded, is_settled = await compare(
                    context, target, group, found_at, is_new=is_new
                )
                changes += recorded
            unread.discard(group)
            if is_settled:
                del unsettled[group]
    with errors.collect_any():
        changes += await compare_direct(context, target, assignments, is_first=False)
    if changes:
        await context.send(Wake(target=target.name))
    groups = tuple(sorted({*found.groups, *unread.intersection(before.groups)}))
    return replace(found, groups=groups, deleted=deleted, unsettled=unsettled)


async def _assigned(
    context: Context, target: Target, group: str, since: datetime, *, is_new: bool
) -> tuple[int, bool]:
    """Records the members of a newly assigned group if they are few enough for paced calls to be
    faster than the cycle. `since` is when a sweep found the assignment. A change that was found
    later is more recent than what a lagging replica lists.

    Returns the number of new changes, and whether the list is complete and correct: it may be older
    than the start of the group's cursor, until every replica has settled. A member who cannot be
    read is missing until a later list shows them. A settled list also shows whom an earlier one
    listed although they had left, and who joined by an event and left before the sweep; of those
    who are missing from it after they joined just now, a later list decides. Hasten ends no held
    removal of a large group before every replica has settled: one that lags may list an assignment
    that has ended.

    A group that was deleted and restored has members who were called before. They are called again:
    the cursor moves, and the members are read once more, because a look may have seen more.
    """
    sight, members, rows = await _read(context, target, group, since)
    if any(_hides_return(row, since, sight) for row in rows.values()):
        await _begin_anew(context, group)
        sight, members, rows = await _read(context, target, group, since)
    listed, (_, began) = _users(members), sight
    is_over = began - since >= REPLICATION_SETTLED_AFTER
    if is_new:
        _emit(context, target, group, "assigned", len(listed))
    if len(rows) > target.most_new_members:
        # The cycle also restores access for users who were revoked when the group was unassigned.
        await _begin_anew(context, group)
        if target.users:
            await context.roster.add(target.name, listed, context.now())
        sight = await sight_of(context, target, group)
        held = await held_before(context, target, group, since)
        if held and not is_over:
            return 0, False
        _emit(context, target, group, "left_to_cycle", len(listed))
        return await leave_held(context, target, held, listed, sight=sight), True
    recorded = await record(context, target, group, rows, Action.ADDED, sight=sight)
    is_settled = is_over and not members.unread
    if is_settled:
        joined = await _joined(context, target, group, since - NOTED_WITHIN)
        missing = {user: row for user, row in joined.items() if user not in listed}
        shown_by = began - REPLICATION_SETTLED_AFTER
        gone = {user: row for user, row in missing.items() if row.seen_at <= shown_by}
        recorded += await record(
            context, target, group, gone, Action.REMOVED, sight=sight, before=len(listed)
        )
        is_settled = len(gone) == len(missing)
    return recorded, is_settled


async def _read(
    context: Context, target: Target, group: str, since: datetime
) -> tuple[Sight, Members, Rows]:
    sight = await sight_of(context, target, group)
    members = await list_members(context, group)
    rows = await _without_newer_row(
        context, target, group, _users(members), since, read_at=sight[1]
    )
    return sight, members, rows


def _users(members: Members) -> list[str]:
    return [member.id for member in members.listed if member.may_be_user]


def _hides_return(row: Change | None, since: datetime, sight: Sight) -> bool:
    """Returns whether the row is of an assignment before that of `since`, and would pass for this
    one because the cursor has not moved in between."""
    if row is None or row.action is not Action.ADDED or row.is_open:
        return False
    settled, (origin, _) = row.seen_at + REPLICATION_SETTLED_AFTER, sight
    return settled <= since and origin < milliseconds(settled)


async def _without_newer_row(
    context: Context,
    target: Target,
    group: str,
    users: Sequence[str],
    since: datetime,
    *,
    read_at: datetime,
) -> Rows:
    """Returns the rows of the users about whom Hasten found nothing after `since`, or only what
    their list, read at `read_at`, decides. Stops when there are too many of them for paced calls.
    """
    found: dict[str, Change | None] = {}
    for user in users:
        row = await context.ledger.find(target.name, group, user)
        if row is None or row.found_at < since or is_decided_by_list(row, read_at):
            found[user] = row
        if len(found) > target.most_new_members:
            break
    return found


async def _begin_anew(context: Context, group: str) -> None:
    """Moves the cursor, so that what is found about the members from now on counts as new."""
    cursor = await cursors.load(context.store, group)
    if cursor is None or cursor.is_lost:
        return
    anew = replace(cursor.moved(cursor.link, context.now()), is_page=cursor.is_page)
    try:
        await cursors.save(context.store, group, anew)
    except Conflict:
        return  # a look moved the cursor


async def _unassigned(
    context: Context, target: Target, group: str, since: datetime, *, is_new: bool
) -> tuple[int, bool]:
    """Records a removal for each member, however many there are: the brake limits them. Unless
    `is_new`, an earlier sweep recorded at `since` those whom it could read.

    Returns the number of new changes, and whether every member and every leaver was shown: one
    replica may list a leaver no more while another does not report yet that they left, and a look
    may have met one whom it could not record.
    """
    sight = await sight_of(context, target, group)
    members = await list_members(context, group)
    users = set(_users(members))
    left, is_complete = await _just_left(context, group)
    users |= left
    users |= (await _joined(context, target, group, since - NOTED_WITHIN)).keys()
    rows = await rows_of(context, target, group, sorted(users))
    if is_new:
        _emit(context, target, group, "unassigned", len(users))
    else:
        rows = {user: row for user, row in rows.items() if row is None or row.found_at < since}
    recorded = await record(
        context, target, group, rows, Action.REMOVED, sight=sight, before=len(users)
    )
    is_settled = sight[1] - since >= REPLICATION_SETTLED_AFTER
    unread = {one.group for one in await unread_members.load_all(context.store)}
    return recorded, is_settled and is_complete and not members.unread and group not in unread


async def _just_left(context: Context, group: str) -> tuple[set[str], bool]:
    """Returns the users who left since the last look, and whether all that Graph lists could be
    read. No look moves the cursor of a group that is assigned to no target any more."""
    cursor = await cursors.load(context.store, group)
    if cursor is None or cursor.is_lost:
        return set(), True
    is_cut = False
    try:
        delta = await context.directory.membership_delta(cursor.link)
    except DeltaExpired:
        context.emit(CursorReset(result="expired", group=group, found_by=FoundBy.ASSIGNMENT))
        return set(), True
    except DeltaCutShort as error:
        delta, is_cut = error.read, True
    members = delta.members.get(group, ())
    is_complete = not (is_cut or delta.unread_of(group))
    return {m.id for m in members if m.removed and m.may_be_user}, is_complete


async def _joined(
    context: Context, target: Target, group: str, since: datetime
) -> Mapping[str, Change]:
    """Returns the rows of the users whose joining Hasten recorded after `since`, or has still to
    prove, and who have not left since, as far as the ledger says. A lagging replica may not list
    them, or they have left before a sweep saw the assignment by which an event gave them access;
    the app may have them."""
    unsettled = [
        *await context.ledger.open_changes(target.name),
        *await context.ledger.unproven_changes(target.name),
    ]
    users = {row.user for row in unsettled if row.group == group and row.action is Action.ADDED}
    matches = Filter(target=target.name, group=group, since=since)
    users |= {
        entry.user async for entry in context.history.every(matches) if entry.action == Action.ADDED
    }
    rows = await rows_of(context, target, group, sorted(users))
    return {
        user: row
        for user, row in rows.items()
        if row is not None and row.action is Action.ADDED and not row.is_unreadable
    }


def _emit(
    context: Context, target: Target, group: str, result: AssignmentResult, members: int
) -> None:
    context.emit(AssignmentChanged(result=result, target=target.name, group=group, members=members))
