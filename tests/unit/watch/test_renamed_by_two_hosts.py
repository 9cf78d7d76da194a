"""A host of the deployment before sweeps its target by the old name while another one sweeps it by
the new name."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.records.discovered import DISCOVERED_COLLECTION
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.support.renaming import NEW, OLD, of, rows
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, World
from tests.unit.watch.test_renamed_target import LEFT, with_a_leaver


async def interrupted(world: World, target: Target, read: int) -> None:
    """Another host sweeps `target` before the read of this number of the targets' records."""
    store, reads = world.store, 0
    real = {name: getattr(store, name) for name in ("get", "scan")}

    def reading(name: str) -> Any:
        async def before(collection: str, *place: Any, **by: Any) -> Any:
            nonlocal reads
            reads += collection == DISCOVERED_COLLECTION
            if reads == read + 1:
                for one in real:
                    delattr(store, one)
                await asyncio.sleep(1)
                with suppress(Conflict, TemporaryError, PermanentError):
                    await sweep(of(world, target))
            return await real[name](collection, *place, **by)

        return before

    for name in real:
        setattr(store, name, reading(name))


@pytest.mark.parametrize("read", range(24))
@virtual
async def test_no_row_is_left_under_a_name_that_nobody_knows(read: int) -> None:
    world = await with_a_leaver()
    await sweep(of(world, NEW))
    await asyncio.sleep(60)
    await sweep(of(world, OLD))
    await asyncio.sleep(60)
    await interrupted(world, OLD, read)

    with suppress(Conflict, TemporaryError, PermanentError):
        await sweep(of(world, NEW))
    vars(world.store).pop("get", None)
    vars(world.store).pop("scan", None)
    for _ in range(3):
        await asyncio.sleep(60)
        await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [LEFT]
