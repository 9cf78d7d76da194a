"""Hasten gives access by a write of its own while a look reads the group, and the user leaves after
that and before the answer."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import Action
from hasten.errors import TemporaryError
from hasten.ports.directory_values import MembershipDelta
from hasten.records import cursors
from hasten.watch.look import look, start_watching
from tests.fakes.directory import FakeDirectory
from tests.support.looking import SlowToAnswer, a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user


class LateToRead(FakeDirectory):
    """Answers with the state of `truth` at the end of the request."""

    def __init__(self, truth: FakeDirectory) -> None:
        super().__init__()
        self._truth = truth

    async def membership_delta(self, link: str) -> MembershipDelta:
        await asyncio.sleep(30)
        return await self._truth.membership_delta(link)


async def _watched() -> World:
    """Two users are members before Hasten watches the group."""
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1), user(2))
    await start_watching(world.context, ENGINEERING)
    return world


async def _is_added(world: World, number: int) -> None:
    """Hasten adds the user, as an event or an operator wants it."""
    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    world.directory.join(ENGINEERING, user(number))
    row = found(ENGINEERING, user(number), Action.ADDED, cursor.origin)
    await world.ledger.record([replace(row, ahead=True, seen_at=now())])


@virtual
async def test_who_leaves_after_hasten_added_them_is_found_by_the_next_look() -> None:
    world = await _watched()
    started = asyncio.create_task(
        look(replace(world, directory=LateToRead(world.directory)).context, a_look())
    )
    await asyncio.sleep(5)
    world.directory.leave(ENGINEERING, user(1))
    await _is_added(world, 1)
    await asyncio.sleep(5)
    world.directory.leave(ENGINEERING, user(1), user(2))

    with pytest.raises(TemporaryError, match="during the read"):
        await started
    await look(world.context, a_look())

    for number in (1, 2):
        row = await world.ledger.find(TOTAL, ENGINEERING, user(number))
        assert row is not None
        assert row.action is Action.REMOVED


@virtual
async def test_who_had_left_before_hasten_added_them_keeps_the_access() -> None:
    world = await _watched()
    world.directory.leave(ENGINEERING, user(1))
    slow = SlowToAnswer(world.directory, seconds=30)
    started = asyncio.create_task(look(replace(world, directory=slow).context, a_look()))
    await asyncio.sleep(5)
    await _is_added(world, 1)

    with pytest.raises(TemporaryError, match="during the read"):
        await started
    await look(world.context, a_look())

    row = await world.ledger.find(TOTAL, ENGINEERING, user(1))
    assert row is not None
    assert row.action is Action.ADDED
