"""Finds by timer the people whose accounts changed without a notification.

One delta link covers all users of the tenant. It only says where to look: the roster decides whom
the look concerns and what is new.
"""

from collections.abc import Sequence
from typing import Literal

from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.error_collector import ErrorCollector
from hasten.people_look import looks_at_people
from hasten.ports.directory_errors import DeltaExpired
from hasten.records import people_cursor, roster
from hasten.records.discovered import DiscoveredTarget
from hasten.records.people_cursor import PeopleCursor
from hasten.telemetry.people import PeopleReconciled
from hasten.watch.compare_people import compare_people, compare_people_of
from hasten.watch.people import properties_of, watching


async def reconcile_people(context: Context) -> None:
    """Reads the delta since the last timer: one request if nothing changed. The people of a target
    that Hasten has not watched since then are compared with what it last saw.

    Raises TemporaryError and PermanentError of Graph, after the looks for the pages that were read.
    """
    targets = await watching(context)
    cursor = await people_cursor.load(context.store)
    if not targets:
        if cursor is not None and not context.watches_people:
            await people_cursor.forget(context.store, cursor)
        return
    wanted = properties_of(targets)
    if cursor is None or not cursor.link:
        link, etag = await context.directory.people_start(wanted), cursor.etag if cursor else None
        begun = PeopleCursor(link, wanted, etag, frozenset(found.target for found in targets))
        await _begin(context, begun, how="started")
        return
    errors = ErrorCollector()
    compared = await _compare_new(context, targets, cursor, errors)
    with errors.collect_any():
        await _read_on(context, cursor, wanted, compared)
    errors.raise_worst()


async def _compare_new(
    context: Context,
    targets: Sequence[DiscoveredTarget],
    cursor: PeopleCursor,
    errors: ErrorCollector,
) -> frozenset[str]:
    """Compares the people of targets that were not watched at the last timer: the target is new, or
    back, or has another name, or had `users: off`. Looks have passed over its people meanwhile, and
    have read on for the others. Returns the targets that are watched from now on. One that could
    not be read is compared at the next timer."""
    watched = {found.target for found in targets} & cursor.targets
    for found in targets:
        if found.target not in watched:
            with errors.collect_any():
                await compare_people_of(context, found)
                watched.add(found.target)
    return frozenset(watched)


async def _read_on(
    context: Context, cursor: PeopleCursor, wanted: tuple[str, ...], compared: frozenset[str]
) -> None:
    """Sends the looks before it saves the link. If an entry cannot be read, all people are compared
    with what Hasten last saw, which finds whom the entry is about. If the mappings changed, a new
    link begins before the old one is read a last time."""
    start = context.directory.people_start
    following = await start(wanted) if wanted != cursor.properties else ""
    try:
        delta = await context.directory.people_delta(cursor.link)
    except DeltaExpired:
        link = following or await start(wanted)
        begun = PeopleCursor(link, wanted, cursor.etag, compared)
        await _begin(context, begun, how="restarted")
        return
    if delta.has_unread:
        await compare_people(context)
    assigned = delta.changed & await roster.everyone(context.store) if delta.changed else ()
    for look in looks_at_people(assigned, found_by=FoundBy.RECONCILE, now=context.now()):
        await context.send(look)
    if following and delta.cut is None:
        moved = PeopleCursor(following, wanted, cursor.etag, compared)
    else:
        moved = PeopleCursor(delta.link, cursor.properties, cursor.etag, compared)
    if moved != cursor and not await people_cursor.save(context.store, moved):
        return
    if delta.changed:
        context.emit(
            PeopleReconciled(result="read", changed=len(delta.changed), assigned=len(assigned))
        )
    if delta.cut is not None:
        raise delta.cut


async def _begin(
    context: Context, cursor: PeopleCursor, *, how: Literal["started", "restarted"]
) -> None:
    """Compares all people with what Hasten last saw, which also finds what a refused link would
    have shown. Then saves the new link, which starts before the comparison. If the comparison
    fails, Hasten saves no link, and the next timer begins again."""
    await compare_people(context)
    if await people_cursor.save(context.store, cursor):
        context.emit(PeopleReconciled(result=how, changed=0, assigned=0))
