"""A group is unassigned from one of two targets, and its members cannot be read for minutes. The
looks of the other target see who leaves the group just when a sweep compares it."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.row_states import finished
from hasten.errors import TemporaryError
from hasten.ports.directory_values import Members
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import killed_at
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user
from tests.unit.watch.test_assigned_again_elsewhere import (
    AGAIN,
    LEAVER,
    MINUTE,
    STAYS,
    WIKI,
    WIKI_APP,
    end_all,
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
        with killed_at(0, store, after=True):
            await sweep(of(world))
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


async def revoked_before_a_list_fails() -> World:
    """A sweep has recorded everybody. The next one, which would find those whom a lagging list has
    left out, cannot read the list."""
    world, _ = await watched()
    world.directory.granted[WIKI_APP].clear()
    await minutes(world, 1)
    await end_all(world, WIKI)
    FailingReads(world)
    await minutes(world, 1)
    del world.directory.members
    return world


@virtual
async def test_nobody_is_revoked_twice_because_a_later_list_fails() -> None:
    world = await revoked_before_a_list_fails()
    world.directory.leave(ENGINEERING, STAYS)
    await look(of(world), a_look())

    await minutes(world, 6)

    assert await world.ledger.open_changes(WIKI.name) == []


@virtual
async def test_nobody_gets_access_because_a_later_list_fails() -> None:
    world = await revoked_before_a_list_fails()
    world.directory.join(ENGINEERING, user(50))

    await look(of(world), a_look())

    assert await world.ledger.find(WIKI.name, ENGINEERING, user(50)) is None


@virtual
async def test_everybody_gets_access_again_if_the_group_is_assigned_after_that() -> None:
    world = await revoked_before_a_list_fails()
    world.directory.granted[WIKI_APP].append(AGAIN)

    await minutes(world, 6)

    row = await world.ledger.find(WIKI.name, ENGINEERING, STAYS)
    assert row is not None
    assert row.action is Action.ADDED
