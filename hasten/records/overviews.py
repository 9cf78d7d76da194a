"""Stores what the timers saw of each target when they last looked, so that a page shows all targets
without reading their rows or asking Graph. A part is written only when it differs."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from hasten.json import Json
from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import write

OVERVIEWS_COLLECTION = "overviews"

T = TypeVar("T")


class Part(StrEnum):
    """Names what one timer knows. Each is a partition with a document for each target."""

    OPEN = "open"
    """The open changes, counted by the timer `wake`."""

    CYCLE = "cycle"
    """The changes that wait for Entra's cycle, counted by the timer `verify`."""

    JOB = "job"
    """The provisioning job, as the timer `sweep` read it."""


Known = Mapping[str, Document]
"""The stored documents of a part, by target."""


async def known(store: Store, part: Part) -> Known:
    """Raises TemporaryError."""
    return {document.key: document for document in await store.scan(OVERVIEWS_COLLECTION, part)}


async def targets(store: Store) -> frozenset[str]:
    """Returns the names of all targets that a sweep ever tried, also of those that have left
    targets.yaml since. Raises TemporaryError."""
    return frozenset(await known(store, Part.JOB))


async def load(store: Store, part: Part, parse: Callable[[Json], T]) -> Mapping[str, T]:
    """Returns what was seen and can be read, by target. Raises TemporaryError."""
    return await readable(store, part, await known(store, part), parse)


async def readable(
    store: Store, part: Part, stored: Known, parse: Callable[[Json], T]
) -> Mapping[str, T]:
    """Returns those of the `stored` documents that can be read. Raises TemporaryError."""
    documents = list(stored.values())
    found = await reading.readable(
        store, OVERVIEWS_COLLECTION, part, documents, lambda document: parse(document.body)
    )
    return {document.key: seen for document, seen in found}


async def save(store: Store, part: Part, target: str, seen: Json, before: Known) -> None:
    """Writes what was seen if it differs from `before`. Raises TemporaryError."""
    document = before.get(target)
    if document is not None and document.body == seen:
        return
    await write(store, OVERVIEWS_COLLECTION, part, target, seen, over=document)
