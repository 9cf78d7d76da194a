"""A group is unassigned from one of two targets, and its members cannot be read for minutes. The
looks of the other target see who leaves the group just when a sweep compares it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from hasten.domain.changes import Action, State, finished
from hasten.errors import TemporaryError
from hasten.ports.directory_values import Members
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import Fuse, Killed
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World
from tests.unit.watch.test_assigned_again_elsewhere import (
    LEAVER,
    MINUTE,
    WIKI_APP,
    of,
    watched,
)

UNREAD = TemporaryError("no JSON", timedelta(seconds=5))


class FailingReads:
    """Fails the reads of members until `error` is None. Somebody leaves during the first one."""

    def __init__(self, world: World) -> None:
        self.error: Exception | None = UNREAD
        self._world, self._members = world, world.directory.members
        self._left = False
        world.directory.members = self.members  # type: ignore[method-assign]

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        if not self._left:
            await self.one_leaves()
        if self.error is not None:
            raise self.error
        return await self._members(group, enough=enough)

    async def one_leaves(self) -> None:
        """The removal is called and proven for the other target."""
        self._left = True
        self._world.directory.leave(ENGINEERING, LEAVER)
        await look(of(self._world), a_look())
        await is_taken(self._world, TOTAL)


async def is_taken(world: World, target: str) -> None:
    row = await world.ledger.find(target, ENGINEERING, LEAVER)
    assert row is not None
    await world.ledger.move([row], partial(finished, state=State.CONFIRMED, now=now()))
    await world.context.outbox.flush(target)


async def minutes(world: World, count: int) -> None:
    for _ in range(count):
        with suppress(TemporaryError):
            await sweep(of(world))
        await asyncio.sleep(MINUTE)


@pytest.mark.parametrize("has_died", [False, True])
@virtual
async def test_who_leaves_then_is_revoked_once_the_members_can_be_read(has_died: bool) -> None:  # noqa: FBT001
    """The first sweep may have died after it had saved that the group is unassigned."""
    world, store = await watched()
    world.directory.granted[WIKI_APP].clear()
    reads = FailingReads(world)
    if has_died:
        store.fuse = Fuse(0, after=True)
        with suppress(Killed):
            await sweep(of(world))
        store.fuse = Fuse(-1, after=False)
        await reads.one_leaves()
        await asyncio.sleep(MINUTE)

    await minutes(world, 6)
    reads.error = None
    await minutes(world, 2)

    row = await world.ledger.find("WIKI", ENGINEERING, LEAVER)
    assert row is not None
    assert row.action is Action.REMOVED


@pytest.mark.parametrize("minutes_before", [1, 30])
@virtual
async def test_who_left_before_the_group_was_unassigned_is_called_once(minutes_before: int) -> None:
    """Their removal was recorded for both targets."""
    world, _ = await watched()
    world.directory.leave(ENGINEERING, LEAVER)
    await look(of(world), a_look())
    for name in (TOTAL, "WIKI"):
        await is_taken(world, name)
    await asyncio.sleep(minutes_before * MINUTE)
    world.directory.granted[WIKI_APP].clear()

    await minutes(world, 4)

    row = await world.ledger.find("WIKI", ENGINEERING, LEAVER)
    assert row is not None
    assert row.state is State.CONFIRMED
