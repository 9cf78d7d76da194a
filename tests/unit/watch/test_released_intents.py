"""An operator has released removals that events want. Hasten writes them to Entra ID, and a look
may see them before Hasten has recorded them."""

import pytest

from hasten.domain.changes import State
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import ALERT
from hasten.ensure.run import ensure
from hasten.operate.release_intents import held_intents, release_intents
from hasten.ports.bus import PROVISIONING_OUTCOMES
from tests.support.ensuring import RUN
from tests.support.posting import Posting
from tests.support.removals import looks, people, states, watching
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL

BY_GROUP = {"brake_removals": 10}
BY_TARGET = {"brake_removals": 1000, "brake_target_removals": 10}


async def sixty_held(**brake: int) -> Posting:
    world = await watching(100, **brake)
    await world.wants(ENGINEERING, *people(60), wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)
    return world


async def releases(world: Posting, users: list[str]) -> None:
    held = await held_intents(world.context, TOTAL, groups=(), users=users)
    assert len(await release_intents(world.context, TOTAL, held)) == len(users)


def alerts(world: Posting) -> int:
    told = world.bus.of(PROVISIONING_OUTCOMES)
    return sum(message.body["type"] == ALERT for message in told)


@pytest.mark.parametrize("brake", [BY_GROUP, BY_TARGET])
@virtual
async def test_a_look_that_sees_the_released_first_holds_nobody(brake: dict[str, int]) -> None:
    world = await sixty_held(**brake)
    await releases(world, people(60))

    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)

    assert await states(world) == {State.PENDING: 60}
    assert alerts(world) == 1


@pytest.mark.parametrize("brake", [BY_GROUP, BY_TARGET])
@virtual
async def test_the_released_do_not_have_a_later_leaver_held(brake: dict[str, int]) -> None:
    world = await sixty_held(**brake)
    await releases(world, people(60))
    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)
    await ensure(world.context, RUN)

    world.directory.leave(ENGINEERING, *people(1, first=61))
    await looks(world)
    await world.wants(ENGINEERING, *people(1, first=62), wanted=Wanted.ABSENT)
    await ensure(world.context, RUN)

    assert await states(world) == {State.PENDING: 62}
    assert await held_intents(world.context, TOTAL, groups=(), users=()) == []


@virtual
async def test_those_who_leave_beside_the_released_are_held_all_the_same() -> None:
    world = await sixty_held()
    await releases(world, people(30))

    world.directory.leave(ENGINEERING, *people(60))
    await looks(world)

    assert await states(world) == {State.PENDING: 30, State.HELD: 30}
