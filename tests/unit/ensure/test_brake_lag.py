"""Events that would remove many people whom a lagging list does not show as members: the brake
counts them before they have left, or at least those who have."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.directory_values import Members
from hasten.watch.look import start_watching
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user

PEOPLE = [user(number) for number in range(100)]
STRANGERS = [user(number) for number in range(200, 260)]
SETTLED = REPLICATION_SETTLED_AFTER.total_seconds()


async def a_hundred() -> tuple[Onboarding, Callable[[], None]]:
    """A group whose list shows none of its members, and what ends that."""
    world = await world_with(*PEOPLE, *STRANGERS)
    world.directory.join(ENGINEERING, *PEOPLE)
    await start_watching(world.context, ENGINEERING)
    real = world.directory.members

    async def members(group: str, **_: object) -> Members:
        return Members([])

    def end() -> None:
        world.directory.members = real  # type: ignore[method-assign]

    world.directory.members = members  # type: ignore[method-assign]
    return world, end


def present(world: Onboarding) -> int:
    return len(world.directory.members_now(ENGINEERING))


async def held(world: Onboarding) -> int:
    return sum(bool(intent.held) for intent in await world.intents.open_intents(TOTAL))


def results(world: Onboarding) -> Counter[str]:
    return Counter(m.body["data"]["result"] for m in world.bus.of(PROVISIONING_OUTCOMES))


@virtual
async def test_many_whom_the_list_lacks_stay_until_it_has_settled_and_the_brake_has_judged() -> (
    None
):
    world, settle = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    await world.ensures()
    assert (present(world), await held(world)) == (100, 0)

    settle()
    await asyncio.sleep(SETTLED)
    await world.ensures()

    assert (present(world), await held(world)) == (100, 60)


@virtual
async def test_a_few_are_removed_at_once_and_count_for_those_who_follow() -> None:
    world, settle = await a_hundred()
    await world.wants(ENGINEERING, *PEOPLE[:10], wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    assert present(world) == 90

    settle()
    await asyncio.sleep(60)
    await world.wants(ENGINEERING, *PEOPLE[10:25], wanted=Wanted.ABSENT, age=0)
    await world.ensures()

    assert (present(world), await held(world)) == (90, 15)


@virtual
async def test_many_who_are_offboarded_one_by_one_count_together() -> None:
    world, settle = await a_hundred()
    for one in PEOPLE[:40]:
        await world.wants(ENGINEERING, one, wanted=Wanted.ABSENT, age=0)
        await world.ensures()
    assert present(world) == 90

    settle()
    await asyncio.sleep(SETTLED)
    await world.ensures()

    assert (present(world), await held(world)) == (90, 30)


@virtual
async def test_nobody_whom_the_list_lacks_is_removed_while_the_brake_has_tripped() -> None:
    world, settle = await a_hundred()
    settle()
    await world.wants(ENGINEERING, *PEOPLE[:60], wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    assert await held(world) == 60
    late = PEOPLE[-1]
    real = world.directory.members

    async def members(group: str, **_: object) -> Members:
        return Members([one for one in (await real(group)).listed if one.id != late])

    world.directory.members = members  # type: ignore[method-assign]
    await world.wants(ENGINEERING, late, wanted=Wanted.ABSENT, age=0)
    await world.ensures()

    assert (present(world), await held(world)) == (100, 60)


@virtual
async def test_many_strangers_end_in_step_as_soon_as_the_list_has_settled() -> None:
    world, settle = await a_hundred()
    settle()
    await world.wants(ENGINEERING, *STRANGERS, wanted=Wanted.ABSENT, age=0)
    await world.ensures()
    assert results(world) == {}

    await asyncio.sleep(SETTLED)
    await world.ensures()
    await world.wants(ENGINEERING, *PEOPLE[:5], wanted=Wanted.ABSENT, age=0)
    await world.ensures()

    assert results(world) == {"in_sync": len(STRANGERS)}
    assert (present(world), await held(world)) == (95, 0)


@pytest.mark.parametrize("age", [0.0, SETTLED])
def test_one_whom_the_list_lacks_is_removed_at_once(age: float) -> None:
    @virtual
    async def run() -> None:
        world, _ = await a_hundred()
        await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT, age=age)

        await world.ensures()

        assert present(world) == 99
        assert (await world.row(ENGINEERING, user(1))).action is Action.REMOVED

    run()


@virtual
async def test_direct_assignments_that_the_list_lacks_do_not_wait_for_a_run() -> None:
    world = await world_with(*STRANGERS)
    await world.wants(DIRECT, *STRANGERS, wanted=Wanted.ABSENT, age=SETTLED - 1)

    await world.ensures()
    await asyncio.sleep(1)
    await world.ensures()

    assert results(world) == {"in_sync": len(STRANGERS)}
