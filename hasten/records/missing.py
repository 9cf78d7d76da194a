"""Writes documents that never change, and skips those that exist."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from hasten.errors import Conflict, TemporaryError
from hasten.ports.store import MAX_WRITES, Put, Store

MAX_LOST_RACES = 8

Group = Sequence[Put]
"""Documents that are written together or not at all."""


async def put_missing(
    store: Store, collection: str, partition: str, groups: Sequence[Group]
) -> None:
    """Writes the groups whose first document is missing. Raises TemporaryError of the store, or if
    others write the same documents all the time."""
    most = max((len(group) for group in groups), default=1)
    for start in range(0, len(groups), MAX_WRITES // most):
        await _put(store, collection, partition, groups[start : start + MAX_WRITES // most])


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
