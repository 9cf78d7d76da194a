"""Looks at one group: writes the changes since the cursor to the ledger, then wakes the targets.

The order is ledger, wake, cursor. A crash between any two of them repeats the look, which finds the
same changes in the same slice of history and writes nothing twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.errors import Conflict
from hasten.messages import Look
from hasten.ports.directory_errors import DeltaCutShort, DeltaExpired
from hasten.ports.directory_values import Member, MembershipDelta
from hasten.records import cursors, missed_notifications
from hasten.records.cursors import Cursor
from hasten.side_by_side import side_by_side
from hasten.telemetry.watch import CursorReset, GroupNotWatched, GroupRead, HintNotVisible
from hasten.watch.look_messages import bucket_end, bucket_number
from hasten.watch.record_members import (
    Slice,
    Watchers,
    mirror,
    record_members,
    watchers_of,
)
from hasten.watch.unread_members import keep_unread

LOOK_AGAIN_DELAYS = tuple(timedelta(seconds=s) for s in (5, 15, 45))
"""Delays before another look for members that a notification named and the delta does not show
yet."""

MAX_WAITING_LOOKS = 32
"""Maximum number of looks that wait for the end of their bucket inside one process: half of the
calls that host.json allows at a time, so that other messages find a slot."""

MAX_LOST_RACES = 5

STARTS_PER_COMMIT, STARTS_AT_ONCE = 100, 16
"""Groups that get their first cursor in one commit, and requests to Graph at once for them."""

LINK_KEPT = timedelta(days=1)
"""Maximum age of the delta link of a group in which nothing changes. Graph documents that a delta
link expires after 7 days."""


async def look(context: Context, look: Look) -> None:
    """Reads the changes of one group and records them.

    Raises TemporaryError and PermanentError of Graph. Nothing is lost then: the cursor stays where
    it was.
    """
    began = context.now()
    members = await context.looks.run(look.group, lambda: _read_on(context, look))
    await _look_at_the_end_of_the_bucket(context, look, began)
    await _look_again_for_what_is_missing(context, look, members or ())


async def _look_at_the_end_of_the_bucket(context: Context, look: Look, began: datetime) -> None:
    """Finds changes whose message Service Bus dropped because it was equal to this one. A few looks
    wait for the end of the bucket inside the process, which costs no message and no request to the
    store."""
    end = bucket_end(look.noticed_at)
    if look.found_by is not FoundBy.NOTIFICATION or began >= end:
        return
    last = replace(look, added=frozenset(), removed=frozenset(), looks=0, tries=0)
    if context.looks_waiting >= MAX_WAITING_LOOKS:
        name = f"{look.group}:{bucket_number(look.noticed_at)}:end"
        await context.bus.send(look.queue, [last.message(name, end)])
        return
    context.looks_waiting += 1
    try:
        await asyncio.sleep(max(0.0, (end - context.now()).total_seconds()))
    finally:
        context.looks_waiting -= 1
    await context.looks.run(look.group, lambda: _read_on(context, last))


async def _read_on(context: Context, look: Look) -> Sequence[Member]:
    """Reads the delta and moves the cursor. If another look was faster, it reads on from that
    look's cursor. If a page cannot be read, it records the pages before and the next look goes on
    from there. A delta without members does not move the cursor, and the next look reads it again.
    An exception that nobody expected is raised after the cursor has moved.

    It reads which targets watch the group after it has read the delta. A target that is stored
    after that reads the members later still, so it misses nobody.
    """
    seen: list[Member] = []
    for _ in range(MAX_LOST_RACES):
        cursor = await cursors.load(context.store, look.group)
        if cursor is None:
            watchers = await watchers_of(context, look.group)
            if not watchers:
                context.emit(GroupNotWatched(group=look.group, found_by=look.found_by))
                return seen
            await start_watching(context, look.group)
            await mirror(context, look.group, watchers, ())
            context.emit(CursorReset(result="started", group=look.group, found_by=look.found_by))
            return seen
        if cursor.is_lost:
            await _restart(context, look, cursor)
            return seen
        began, cut = context.now(), None
        try:
            delta = await context.directory.membership_delta(cursor.link)
        except DeltaExpired:
            await _restart(context, look, cursor)
            return seen
        except DeltaCutShort as error:
            delta, cut = error.read, error
        members = delta.members.get(look.group, ())
        seen += members
        is_news = bool(members or delta.unread_of(look.group))
        watchers = await watchers_of(context, look.group) if is_news else Watchers()
        if is_news and not watchers:
            watchers.refuse_unknown()
            context.emit(GroupNotWatched(group=look.group, found_by=look.found_by))
            return ()
        unexpected = await _record(context, look, cursor, watchers, delta, began=began)
        await mirror(context, look.group, watchers, members)
        watchers.refuse_unknown()
        now = context.now()
        is_read = is_news or cursor.is_page or cursor.age(now) >= LINK_KEPT
        try:
            if delta.link != cursor.link if cut is not None else is_read:
                moved = cursor.moved(delta.link, now, is_page=cut is not None)
                await cursors.save(context.store, look.group, moved)
        except Conflict:
            continue
        if unexpected is not None:
            raise unexpected
        if cut is not None:
            raise cut
        return seen
    raise Conflict(look.group)


async def _record(
    context: Context,
    look: Look,
    cursor: Cursor,
    watchers: Watchers,
    delta: MembershipDelta,
    *,
    began: datetime,
) -> Exception | None:
    """Records the members. Stores those who cannot be read or recorded, before the cursor moves.
    Returns the first unexpected exception, because the look goes on in spite of it."""
    of = Slice(
        group=look.group,
        origin=cursor.origin,
        noticed_at=look.noticed_at,
        found_by=look.found_by,
        began=began,
    )
    recorded = await record_members(context, of, watchers, delta.members.get(look.group, ()))
    unread = [*delta.unread_of(look.group), *recorded.failed]
    if unread:
        await keep_unread(context, of, cursor.link, unread)
    if recorded.unannounced:
        await missed_notifications.note(context.store, context.now())
    context.emit(
        GroupRead(
            result="changed" if recorded.changes else "unchanged",
            group=look.group,
            found_by=look.found_by,
            changes=len(recorded.changes),
        )
    )
    return recorded.error


async def _restart(context: Context, look: Look, cursor: Cursor) -> None:
    """Starts a new delta link because the old one expired or cannot be read. Entra's own cycle
    provisions the changes in between."""
    link = await context.directory.membership_start(look.group)
    await mirror(context, look.group, await watchers_of(context, look.group), ())
    await cursors.save(context.store, look.group, cursor.moved(link, context.now()))
    context.emit(CursorReset(result="restarted", group=look.group, found_by=look.found_by))


async def _look_again_for_what_is_missing(
    context: Context, look: Look, members: Sequence[Member]
) -> None:
    seen = {member.id: member.removed for member in members}
    hinted = [(user, False) for user in look.added] + [(user, True) for user in look.removed]
    hinted = [(user, removed) for user, removed in hinted if user not in seen]
    if not hinted or look.looks >= len(LOOK_AGAIN_DELAYS):
        return
    watchers = await watchers_of(context, look.group)
    missing = [
        (user, removed)
        for user, removed in hinted
        if watchers and not await _known(context, watchers, look.group, user, removed)
    ]
    if not missing:
        return
    again = replace(
        look,
        added=frozenset(user for user, removed in missing if not removed),
        removed=frozenset(user for user, removed in missing if removed),
        looks=look.looks + 1,
    )
    at = context.now() + LOOK_AGAIN_DELAYS[look.looks]
    await context.send(again, at)
    context.emit(HintNotVisible(group=look.group, found_by=look.found_by, missing=len(missing)))


async def _known(
    context: Context,
    watchers: Watchers,
    group: str,
    user: str,
    removed: bool,  # noqa: FBT001 - private
) -> bool:
    """Returns True if an earlier look already found that `user` was added, or removed. A group that
    is only mirrored leaves no trace of it."""
    if not watchers.assigned:
        return False
    change = await context.ledger.find(watchers.assigned[0], group, user)
    return change is not None and change.is_removal is removed


async def start_watching(context: Context, *groups: str) -> None:
    """Gives each of `groups` a cursor that starts now. Entra's own cycle provisions earlier
    changes. The cursors that were saved before an error stay."""
    for some in chunks(groups, STARTS_PER_COMMIT):
        links = await side_by_side(context.directory.membership_start, some, STARTS_AT_ONCE)
        await cursors.save_first(context.store, dict(zip(some, links, strict=True)), context.now())
