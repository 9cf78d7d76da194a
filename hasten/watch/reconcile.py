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
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory import DeltaCutShort, DeltaExpired, MembershipDelta
from hasten.records import delta_batches as batches
from hasten.records.delta_batches import Batch
from hasten.telemetry.watch import ReconcileRead

News = dict[str, tuple[frozenset[str], frozenset[str]]]
"""Groups to look at, each with the users that the delta shows as added and as removed."""


async def reconcile(context: Context, watched: Collection[str]) -> None:
    """Reads every batch, with one request for each when nothing changed. A batch that cannot be
    read does not delay the others.

    Raises the first TemporaryError or PermanentError after all batches were tried.
    """
    found = await batches.load_all(context.store)
    if {group for batch in found for group in batch.groups} == set(watched):
        await _read_on(context, found)
    else:
        await _regroup(context, found, watched)


async def _read_on(context: Context, found: Sequence[Batch]) -> None:
    failed: list[TemporaryError | PermanentError] = []
    for batch in found:
        try:
            await _read(context, batch)
        except (TemporaryError, PermanentError) as error:
            failed.append(error)
    if failed:
        raise failed[0]


async def _read(context: Context, batch: Batch) -> None:
    """Sends the looks before it saves the link: a crash between them repeats the looks. Raises
    DeltaCutShort after it sent looks for the pages before the one that cannot be read."""
    cut: DeltaCutShort | None = None
    try:
        delta = await context.directory.membership_delta(batch.link)
    except DeltaExpired:
        link = await context.directory.membership_start(*batch.groups)
        result: Literal["read", "restarted"] = "restarted"
        news = _without_hints(batch.groups)
    except DeltaCutShort as error:
        cut, link = error, error.read.link
        result, news = "read", _of(batch.groups, error.read)
    else:
        link = delta.link
        result, news = "read", _of(batch.groups, delta)
    await _look_at(context, news)
    try:
        await batches.save(context.store, batch.moved(link))
    except Conflict:
        return  # another instance read on from this link and sent its looks
    context.emit(ReconcileRead(result=result, groups=len(batch.groups), changed=len(news)))
    if cut is not None:
        raise cut


async def _regroup(context: Context, found: Sequence[Batch], watched: Collection[str]) -> None:
    """Starts the new links before it reads the old ones a last time, so that no change falls
    between them. It also looks at groups that were in no batch, for changes before their link, and
    at groups of a batch that can no longer be read."""
    start = context.directory.membership_start
    fresh = [
        Batch(key=batches.key(number), groups=groups, link=await start(*groups))
        for number, groups in enumerate(batches.split(watched))
    ]
    known = {group for batch in found for group in batch.groups}
    news = _without_hints(set(watched) - known)
    for batch in found:
        news |= await _last_news(context, batch, watched)
    await _look_at(context, news)
    try:
        await batches.replace_all(context.store, found, fresh)
    except Conflict:
        return  # another instance regrouped; the next timer compares again
    context.emit(ReconcileRead(result="regrouped", groups=len(watched), changed=len(news)))


async def _last_news(context: Context, batch: Batch, watched: Collection[str]) -> News:
    still = [group for group in batch.groups if group in watched]
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
        users = [member for member in members if member.kind in {"user", ""}]
        if members:
            news[group] = bounded(
                frozenset(user.id for user in users if not user.removed),
                frozenset(user.id for user in users if user.removed),
            )
    return news
