"""An exception that nobody expected about one intent keeps no other intent waiting."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hasten.domain.intents import Wanted
from hasten.ports.bus import ENSURE
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

BROKEN = user(3)
OTHERS = [user(n) for n in range(1, 30) if user(n) != BROKEN]


async def world_that_breaks() -> tuple[Onboarding, list[datetime]]:
    """To write about one person breaks; when it did."""
    world, met = await world_with(*OTHERS, BROKEN), list[datetime]()
    add = world.directory.add_members

    async def breaking(group: str, members: Sequence[str]) -> None:
        if BROKEN in members:
            met.append(now())
            raise KeyError("Ada Lovelace")
        await add(group, members)

    world.directory.add_members = breaking  # type: ignore[method-assign]
    return world, met


@virtual
async def test_all_other_intents_are_brought_about() -> None:
    world, _ = await world_that_breaks()
    await world.wants(ENGINEERING, *OTHERS, BROKEN)

    await world.ensures()

    assert await world.members(ENGINEERING) == {*OTHERS}
    [left] = await world.intents.open_intents(TOTAL)
    assert (left.user, left.crashes) == (BROKEN, 1)
    told = {name for name, _ in world.told()}
    assert told <= {*OTHERS}


@virtual
async def test_the_one_is_tried_again_after_growing_pauses_until_the_defect_is_gone() -> None:
    world, met = await world_that_breaks()
    await world.wants(ENGINEERING, BROKEN)
    for _ in range(300):
        await world.ensures()
        await asyncio.sleep(5)
    tries = sorted({*met})
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert len(pauses) > 5
    assert pauses == sorted(pauses)
    assert pauses[-1] <= timedelta(minutes=5, seconds=10)
    assert world.told() == [(BROKEN, "failed")]

    world.directory.add_members = type(world.directory).add_members.__get__(  # type: ignore[method-assign]
        world.directory
    )
    await asyncio.sleep(300)
    await world.ensures()

    assert await world.members(ENGINEERING) == {BROKEN}


@virtual
async def test_a_newer_event_does_not_wait_and_the_defect_is_reported_with_its_alert() -> None:
    world, _ = await world_that_breaks()
    await world.wants(ENGINEERING, BROKEN)
    await world.ensures()
    [event] = [event for event in world.events if event.result == "crashed"]
    assert (event.name, event.fields["user"], event.problem) == ("ensure", BROKEN, True)
    [copy] = [message for message in world.bus.of(ENSURE) if message.at is not None]
    assert copy.at is not None
    assert copy.at > now()

    await world.wants(ENGINEERING, BROKEN, wanted=Wanted.ABSENT, age=0)
    await world.ensures()

    [newer] = await world.intents.open_intents(TOTAL)
    assert (newer.wanted, newer.crashes) == (Wanted.ABSENT, 0)
    assert world.directory.writes["remove_member"] == 1
