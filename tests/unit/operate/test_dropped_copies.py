"""An operator drops a copy of an event that another operator has just brought forward."""

import asyncio
from typing import Any

import pytest

from hasten.events.parts import part_in
from hasten.limits import RETENTION
from hasten.operate.scheduled import DropResult, bring_forward, drop, find
from hasten.records import brought_forward
from hasten.retention import forget_old
from tests.support.lying_ahead import DATED, WHY, World, made
from tests.support.posting import GROUP, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user


@pytest.mark.parametrize("name", DATED)
@pytest.mark.parametrize("has_come", [False, True])
@virtual
async def test_who_drops_a_copy_of_what_was_brought_forward_learns_that_it_may_have_begun(
    name: str,
    has_come: bool,  # noqa: FBT001 - a case
) -> None:
    """Also while the message that was brought forward is still on the queue."""
    world = World()
    given, spec = DATED[name]
    await world.posts(made(spec, "a", 10))
    [first] = await find(world.context, given)
    await bring_forward(world.context, first, **WHY)
    if has_come:
        await world.comes()
    await world.posts(made(spec, "a", 10))

    results = {
        await drop(world.context, copy, given=given, **WHY)
        for copy in await find(world.context, given)
    }

    assert results == {DropResult.DUE}
    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is not None


@virtual
async def test_only_a_copy_of_what_was_brought_forward_may_have_begun() -> None:
    """Not another part of the event, nor the event with another date."""
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    [first] = await find(world.context, "a")
    await bring_forward(world.context, first, **WHY)
    world.bus.sent.clear()
    await world.posts(made({"startAt": 1800}, "a", 10))
    await world.posts(event(users=[ref(2)], group=GROUP, event_id="a", startAt=at(3600)))

    results = {await drop(world.context, one, **WHY) for one in await find(world.context, "a")}

    assert results == {DropResult.DROPPED}


@pytest.mark.parametrize("step", range(1, 8))
@virtual
async def test_a_copy_that_is_dropped_while_the_event_is_brought_forward_is_cancelled_or_due(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy comes, and is dropped, before one of the other operator's reads and writes."""
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    [entry] = await find(world.context, "a")
    scan, commit = world.store.scan, world.store.commit
    left, results = [step], list[DropResult]()

    async def meanwhile() -> None:
        left[0] -= 1
        if left[0] == 0:
            await world.posts(made({"startAt": 3600}, "a", 10))
            copies = [one for one in await find(world.context, "a") if one.key != entry.key]
            results.extend([await drop(world.context, one, **WHY) for one in copies])

    async def scans(*args: Any, **named: Any) -> Any:
        await meanwhile()
        return await scan(*args, **named)

    async def commits(*args: Any) -> Any:
        await meanwhile()
        return await commit(*args)

    monkeypatch.setattr(world.store, "scan", scans)
    monkeypatch.setattr(world.store, "commit", commits)
    await bring_forward(world.context, entry, **WHY)
    monkeypatch.undo()
    await world.comes()

    [result] = results
    if result is DropResult.DROPPED:
        assert await world.wanted(ENGINEERING, 1) is None
    else:
        assert result is DropResult.DUE


@virtual
async def test_that_an_event_was_brought_forward_is_forgotten_after_its_date() -> None:
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    [entry] = await find(world.context, "a")
    await bring_forward(world.context, entry, **WHY)
    part = part_in(entry.message.raw or b"", is_end=False)

    await asyncio.sleep((entry.due + RETENTION - now()).total_seconds())
    await forget_old(world.context)
    assert await brought_forward.people_of(world.store, part) == {user(1)}

    await asyncio.sleep(1)
    await forget_old(world.context)
    assert not await brought_forward.people_of(world.store, part)
