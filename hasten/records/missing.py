"""Writes documents that never change, and skips those that exist."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta

from hasten.errors import Conflict, TemporaryError
from hasten.ports.store import MAX_WRITES, Put, Store

MAX_LOST_RACES = 8

COMMIT_MAX_CHARS = 1_500_000
"""Characters of the bodies in one commit. An entity group transaction of Azure Tables takes 4 MiB,
two bytes for each character."""

Group = Sequence[Put]
"""Documents that are written together or not at all."""


async def put_missing(
    store: Store, collection: str, partition: str, groups: Sequence[Group]
) -> None:
    """Writes the groups whose first document is missing. Raises TemporaryError of the store, or if
    others write the same documents all the time."""
    for some in _commits(groups):
        await _put(store, collection, partition, some)


def _commits(groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """Yields as many groups at a time as one commit takes."""
    some: list[Group] = []
    writes = chars = 0
    for group in groups:
        size = sum(len(json.dumps(put.body)) for put in group)
        if some and (writes + len(group) > MAX_WRITES or chars + size > COMMIT_MAX_CHARS):
            yield some
            some, writes, chars = [], 0, 0
        some.append(group)
        writes, chars = writes + len(group), chars + size
    if some:
        yield some


async def _put(store: Store, collection: str, partition: str, groups: Sequence[Group]) -> None:
    for _ in range(MAX_LOST_RACES):
        if not groups:
            return
        try:
            await store.commit(collection, partition, [put for group in groups for put in group])
        except Conflict:
            known = await asyncio.gather(
                *(store.get(collection, partition, group[0].key) for group in groups)
            )
            groups = [group for group, found in zip(groups, known, strict=True) if found is None]
        else:
            return
    raise TemporaryError("other workers write the same documents", timedelta(seconds=1))
