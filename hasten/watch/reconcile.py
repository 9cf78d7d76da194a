"""Reconciles by timer: finds changes for which no notification came, many groups to a request.

Each batch of groups has its own delta link, beside the cursors of its groups. The link only says
where to look: the cursor of the group decides what is new. The look carries the members that the
batch saw as hints, because a replica that lags behind may answer the look and the batch reports
each change once.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.domain.notifications import bounded
from hasten.error_collector import ErrorCollector
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_errors import DeltaCutShort, DeltaExpired
from hasten.ports.directory_values import MembershipDelta
from hasten.records import delta_batches as batches
from hasten.records.delta_batches import DeltaBatch
from hasten.side_by_side import side_by_side
from hasten.telemetry.watch import ReconcileRead
from hasten.watch.look import LINK_KEPT

News = dict[str, tuple[frozenset[str], frozenset[str]]]
"""Groups to look at, each with the users that the delta shows as added and as removed."""


READS_AT_ONCE = 8
"""Batches that are read side by side: 200 of them in a few seconds."""


async def reconcile(context: Context, watched: Collection[str]) -> None:
    """Reads every batch, with one request for each when nothing changed. A batch that cannot be
    read does not delay the others.

    Raises the worst error after all batches were tried.
    """
    groups = frozenset(watched)
    found = await batches.load_all(context.store)
    kept, left = regrouping(found, groups)
    if left or groups - {group for batch in found for group in batch.groups}:
        await _regroup(context, kept, left, groups)
    await _read_on(context, kept, groups)


def regrouping(
    found: Sequence[DeltaBatch], watched: frozenset[str]
) -> tuple[Sequence[DeltaBatch], Sequence[DeltaBatch]]:
    """Returns the batches that stay as they are, and those whose groups go into new batches: less
    than half of their groups are still watched, they have room for groups that are new, or they
    could not be read."""
    kept = [
        batch for batch in found if batch.groups and 2 * len(batch.of(watched)) >= len(batch.groups)
    ]
    left = [batch for batch in found if batch not in kept]
    new = watched - {group for batch in found for group in batch.groups}
    roomy = [batch for batch in kept if batch.has_room]
    if new and roomy:
        smallest = min(roomy, key=lambda batch: len(batch.groups))
        kept.remove(smallest)
        left.append(smallest)
    return kept, left


async def _read_on(context: Context, found: Sequence[DeltaBatch], watched: frozenset[str]) -> None:
    errors = ErrorCollector()

    async def read(batch: DeltaBatch) -> None:
        with errors.collect_any():
            await _read(context, batch, watched)

    await side_by_side(read, found, READS_AT_ONCE)
    errors.raise_worst()


async def _read(context: Context, batch: DeltaBatch, watched: frozenset[str]) -> None:
    """Sends the looks before it saves the link: a crash between them repeats the looks. The link of
    a batch in which nothing changed is saved once a day. A group that changed while it was not
    watched leaves the batch: once it is watched again, the next reconcile looks at it. Raises
    DeltaCutShort after it sent looks for the pages before the one that cannot be read."""
    cut: DeltaCutShort | None = None
    groups, now = batch.of(watched), context.now()
    others: Collection[str] = frozenset(batch.groups) - frozenset(groups)
    result: Literal["read", "restarted"] = "read"
    try:
        delta = await context.directory.membership_delta(batch.link)
    except DeltaExpired:
        link = await context.directory.membership_start(*batch.groups)
        result, news = "restarted", _without_hints(groups)
    except DeltaCutShort as error:
        cut, link, news = error, error.read.link, _of(groups, error.read)
        others = _of(others, error.read)
    else:
        link, news, others = delta.link, _of(groups, delta), _of(others, delta)
        has_read = bool(news) or any(delta.members.values()) or now - batch.saved_at >= LINK_KEPT
        link = link if has_read else batch.link
    await _look_at(context, news)
    if link != batch.link:
        try:
            await batches.save(context.store, batch.moved(link, now, without=others))
        except Conflict:
            return  # another instance read on from this link and sent its looks
    context.emit(ReconcileRead(result=result, groups=len(groups), changed=len(news)))
    if cut is not None:
        raise cut


async def _regroup(
    context: Context,
    kept: Sequence[DeltaBatch],
    left: Sequence[DeltaBatch],
    watched: frozenset[str],
) -> None:
    """Starts the new links before it reads the old ones a last time, so that no change falls
    between them. It also looks at groups that were in no batch, for changes before their link, and
    at groups of a batch that can no longer be read."""
    known = {group for batch in left for group in batch.of(watched)}
    new = watched - known - {group for batch in kept for group in batch.groups}
    chunks = batches.split(known | new)
    keys = batches.free_keys({batch.key for batch in kept}, len(chunks))
    now = context.now()

    async def start(groups: Sequence[str]) -> str:
        return await context.directory.membership_start(*groups)

    links = await side_by_side(start, chunks, READS_AT_ONCE)
    fresh = [
        DeltaBatch(key=key, groups=groups, link=link, saved_at=now)
        for key, groups, link in zip(keys, chunks, links, strict=True)
    ]
    news = _without_hints(new)
    for batch in left:
        if batch.groups:
            news |= await _last_news(context, batch, watched)
    await _look_at(context, news)
    try:
        await batches.replace_all(context.store, left, fresh)
    except Conflict:
        return  # another instance regrouped; the next timer compares again
    context.emit(ReconcileRead(result="regrouped", groups=len(known | new), changed=len(news)))


async def _last_news(context: Context, batch: DeltaBatch, watched: Collection[str]) -> News:
    still = batch.of(watched)
    try:
        delta = await context.directory.membership_delta(batch.link)
    except (DeltaExpired, TemporaryError, PermanentError):
        return _without_hints(still)
    return _of(still, delta)


async def _look_at(context: Context, news: News) -> None:
    if not news:
        return
    looks = [
        Look(
            group=group,
            noticed_at=context.now(),
            found_by=FoundBy.RECONCILE,
            added=added,
            removed=removed,
        ).message(context.new_id())
        for group, (added, removed) in sorted(news.items())
    ]
    await context.bus.send(DIRECTORY_CHANGES, looks)


def _without_hints(groups: Iterable[str]) -> News:
    return {group: (frozenset(), frozenset()) for group in groups}


def _of(groups: Iterable[str], delta: MembershipDelta) -> News:
    """Returns those of `groups` in which anything changed. The hints name users only, because looks
    search again for users only."""
    news: News = {}
    for group in groups:
        members = delta.members.get(group, ())
        users = [member for member in members if member.may_be_user]
        if members or delta.unread.get(group) or delta.unread.get(""):
            news[group] = bounded(
                frozenset(user.id for user in users if not user.removed),
                frozenset(user.id for user in users if user.removed),
            )
    return news
