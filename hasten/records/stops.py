"""Stores who stopped Hasten or one target, and why. Until someone starts it again, Hasten makes no
on-demand call and no write to Entra ID; it goes on finding and recording changes."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from hasten.domain.long_ago import LONG_AGO
from hasten.errors import Conflict, PermanentError
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import try_commit
from hasten.records.fields import moment

STOPS_COLLECTION, STOPS_PARTITION = "stops", "stops"
ALL_TARGETS = "*"
"""No name of a target: those begin with a letter or a digit."""

BY_SWEEP = "a sweep"
"""Who stopped a target that is another app than before, and let it go on."""

HOW_TO_START = "python -m hasten start, if the reason is gone"
STOP_CHECK_KEPT = timedelta(seconds=1)
"""Maximum age of a worker's last check for a stop. An operator's stop takes effect within this
time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecord:
    """The last decision on a target, or on ALL_TARGETS. `by` is who took it, `at` is when.
    `is_reported` is set once the app has logged it."""

    target: str
    is_stop: bool
    by: str
    reason: str
    at: datetime
    is_reported: bool = False

    def __str__(self) -> str:
        of = "all targets" if self.target == ALL_TARGETS else self.target
        return f"{self.by} stopped {of} at {self.at:%Y-%m-%d %H:%M}Z: {self.reason}"


class Stopped(Exception):  # noqa: N818 - says what happened
    """Someone stopped the target: nothing more may be called or written."""


async def load_all(store: Store) -> Sequence[StopRecord]:
    """Returns the decisions. One that cannot be read counts as a stop until an operator decides
    anew."""
    place = (STOPS_COLLECTION, STOPS_PARTITION)
    documents = await store.scan(*place)
    read = {d.key: one for d, one in await reading.readable(store, *place, documents, _parse)}
    return [read.get(document.key) or _unread(document) for document in documents]


async def in_force(store: Store, target: str) -> Sequence[StopRecord]:
    """Returns the stops in force for `target`, or for any target if it is ALL_TARGETS, with one
    request."""
    held = [decision for decision in await load_all(store) if decision.is_stop]
    if target == ALL_TARGETS:
        return held
    return [decision for decision in held if decision.target in {target, ALL_TARGETS}]


async def find(store: Store, target: str) -> StopRecord | None:
    """Returns a stop in force for `target`, or None, with one request."""
    return next(iter(await in_force(store, target)), None)


async def of_target(store: Store, target: str) -> StopRecord | None:
    """Returns the stop in force for `target` itself, or None, with one request."""
    held = await in_force(store, target)
    return next((stop for stop in held if stop.target == target), None)


async def stopped(store: Store, targets: Collection[str]) -> frozenset[str]:
    """Returns those of `targets` that somebody stopped, in one request."""
    holding = {decision.target for decision in await load_all(store) if decision.is_stop}
    return frozenset(t for t in targets if ALL_TARGETS in holding or t in holding)


async def check(store: Store, target: str) -> None:
    """Raises Stopped."""
    stop = await find(store, target)
    if stop is not None:
        raise Stopped(str(stop))


async def refuse(store: Store, target: str) -> None:
    """Raises PermanentError while the target is stopped: an operator asks for something now."""
    stop = await find(store, target)
    if stop is not None:
        raise PermanentError(str(stop), HOW_TO_START)


async def save(store: Store, decision: StopRecord) -> None:
    """Raises Conflict when somebody decided at the same moment."""
    document = await store.get(STOPS_COLLECTION, STOPS_PARTITION, decision.target)
    await _put(store, decision, document.etag if document else None)


async def save_older(store: Store, decision: StopRecord) -> None:
    """Saves an operator's decision that was about another name of the target, unless an operator
    has decided later about this one, or nobody can read what was decided. A start does not end the
    stop of a sweep. Raises Conflict when somebody decides at the same moment."""
    document = await store.get(STOPS_COLLECTION, STOPS_PARTITION, decision.target)
    if document is not None:
        place = (STOPS_COLLECTION, STOPS_PARTITION, document)
        own = await reading.read_or(store, *place, _parse, safe=None)
        if own is None or (own.by != BY_SWEEP and own.at >= decision.at):
            return
        if own.by == BY_SWEEP and own.is_stop and not decision.is_stop:
            return
    await _put(store, decision, document.etag if document else None)


async def reported(store: Store, decision: StopRecord) -> None:
    """Saves that the app has logged the decision, unless somebody has decided anew."""
    document = await store.get(STOPS_COLLECTION, STOPS_PARTITION, decision.target)
    if document is None:
        return
    place = (STOPS_COLLECTION, STOPS_PARTITION, document)
    if await reading.read_or(store, *place, _parse, safe=None) == decision:
        with suppress(Conflict):
            await _put(store, replace(decision, is_reported=True), document.etag)


async def forget(store: Store, target: str, before: datetime) -> None:
    """Forgets the decision about a name that no target has had since `before`. A later one is about
    the next target of that name. Raises TemporaryError."""
    document = await store.get(STOPS_COLLECTION, STOPS_PARTITION, target)
    if document is None:
        return
    place = (STOPS_COLLECTION, STOPS_PARTITION)
    last = await reading.read_or(store, *place, document, _parse, safe=None)
    if last is None or last.at <= before:
        await try_commit(store, *place, [Delete(document.key, document.etag)])


async def _put(store: Store, decision: StopRecord, etag: str | None) -> None:
    body = {**asdict(decision), "at": decision.at.isoformat()}
    await store.commit(STOPS_COLLECTION, STOPS_PARTITION, [Put(decision.target, body, etag)])


def _unread(document: Document) -> StopRecord:
    return StopRecord(
        target=document.key,
        is_stop=True,
        by="Hasten",
        reason="the record of who stopped it cannot be read",
        at=LONG_AGO,
    )


def _parse(document: Document) -> StopRecord:
    body = document.body
    if body["target"] != document.key or not isinstance(body["is_stop"], bool):
        raise ValueError("the body does not belong to this key, or does not say what was decided")
    return StopRecord(
        target=str(body["target"]),
        is_stop=bool(body["is_stop"]),
        by=str(body["by"]),
        reason=str(body["reason"]),
        at=moment(body["at"]),
        is_reported=bool(body.get("is_reported")),
    )
