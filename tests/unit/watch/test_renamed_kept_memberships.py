"""A target gets a new name while somebody whose account was disabled is granted access again."""

import asyncio
from contextlib import suppress

import pytest

from hasten.domain.changes import Action, State, finished
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.records import kept_memberships
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.renaming import JOINER, NEW, OLD, known, of
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found

STEPS = range(6, 13)
"""The writes of the sweep of the new name, from the one that makes the target known."""


@pytest.mark.parametrize("step", STEPS)
@virtual
async def test_the_group_that_was_left_is_returned_to_wherever_the_sweep_dies(step: int) -> None:
    """A drain of the new name comes before the next sweep."""
    store = CrashingStore()
    world = await known(store)
    world.directory.groups = [ENGINEERING, ADMIN]
    await sweep(of(world, OLD))
    ended = finished(found(ENGINEERING, JOINER, Action.REMOVED, 1), State.SUCCEEDED, now=now())
    world.directory.join(ADMIN, JOINER)
    await world.ledger.record([ended, found(ADMIN, JOINER, Action.ADDED, 1)])
    await kept_memberships.noting(store, TOTAL, JOINER, [ENGINEERING], now())([])
    await asyncio.sleep(60)

    store.fuse = Fuse(step, after=False)
    with suppress(Killed):
        await sweep(of(world, NEW))
    store.fuse = Fuse(-1, after=False)
    for _ in range(3):
        await drain(of(world, NEW), Wake(target=NEW.name))
        await asyncio.sleep(120)
        await sweep(of(world, NEW))

    row = await world.ledger.find(NEW.name, ENGINEERING, JOINER)
    assert row is not None
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)
