"""Keeps the members of a group whom a look could not record, alerts, and reads them again by
timer."""

from collections.abc import Sequence
from typing import Literal

from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.error_collector import ErrorCollector
from hasten.ports.directory_errors import DeltaExpired
from hasten.ports.directory_values import UnreadMember
from hasten.records import unread_members
from hasten.records.unread_members import UnreadSlice
from hasten.telemetry.watch import MembersUnread
from hasten.watch.record_members import Slice, record_members, watchers_of

NEXT_ACTION = (
    "compare the members of the group with the app; Hasten reads the entries again every five "
    "minutes"
)
GIVEN_UP = "compare the members of the group with the app: Graph no longer shows these entries"


async def keep_unread(
    context: Context, of: Slice, link: str, members: Sequence[UnreadMember]
) -> None:
    """Saves the members that are missing in the slice, with the delta link that leads to it, and
    alerts. Call before the cursor of the group moves. Raises TemporaryError and PermanentError of
    the store."""
    unread = UnreadSlice(
        group=of.group, link=link, origin=of.origin, noticed_at=of.noticed_at, members=members
    )
    await unread_members.save(context.store, unread)
    _emit(context, unread, "unreadable", NEXT_ACTION)


async def read_unread(context: Context) -> None:
    """Reads each slice again under its own number, so that a change which is recorded already has
    no effect. Raises the worst error after all were tried."""
    errors = ErrorCollector()
    for unread in await unread_members.load_all(context.store):
        with errors.collect_any():
            await _read(context, unread)
    errors.raise_worst()


async def _read(context: Context, unread: UnreadSlice) -> None:
    watchers = await watchers_of(context, unread.group)
    watchers.refuse_unknown()
    if not (watchers or watchers.unassigned):
        await unread_members.forget(context.store, unread)
        return
    began = context.now()
    try:
        delta = await context.directory.membership_delta(unread.link)
    except DeltaExpired:
        _emit(context, unread, "given_up", GIVEN_UP)
        await unread_members.forget(context.store, unread)
        return
    of = Slice(
        group=unread.group,
        origin=unread.origin,
        noticed_at=unread.noticed_at,
        found_by=FoundBy.RECONCILE,
        began=began,
        is_past=True,
    )
    recorded = await record_members(context, of, watchers, delta.members.get(unread.group, ()))
    left = [*delta.unread_of(unread.group), *recorded.failed]
    if left:
        await keep_unread(context, of, unread.link, left)
    else:
        await unread_members.forget(context.store, unread)
        _emit(context, unread, "read", None)
    if recorded.error is not None:
        raise recorded.error


def _emit(
    context: Context,
    unread: UnreadSlice,
    result: Literal["unreadable", "read", "given_up"],
    next_action: str | None,
) -> None:
    context.emit(
        MembersUnread(
            result=result,
            group=unread.group,
            users=[one.id for one in unread.members[: unread_members.MOST_STORED] if one.id],
            members=len(unread.members),
            reason=unread.members[0].problem if unread.members else "",
            next_action=next_action,
        )
    )
