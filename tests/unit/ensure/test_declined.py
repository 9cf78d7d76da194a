"""A write to Entra ID whose result is unknown makes Hasten look at the memberships once more. What
an operator discarded, or what was only observed, is not carried out then."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.intents import RECORDED, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.fence import is_still_wanted
from hasten.errors import TemporaryError
from hasten.limits import LONGEST_WRITE
from hasten.operate.decide import HeldAction, decide
from hasten.operate.held import choose_held
from hasten.targets import Mode
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user

PEOPLE = [user(number) for number in range(100)]
NEW = [user(number) for number in range(100, 115)]


async def added_without_an_answer() -> Onboarding:
    """Events have added NEW to the group of PEOPLE, and the first answer of Graph was lost."""
    world = await world_with(*PEOPLE, *NEW)
    world.directory.join(ENGINEERING, *PEOPLE)
    add = world.directory.add_members

    async def lost(group: str, members: Sequence[str]) -> None:
        await add(group, members)
        raise TemporaryError("Graph did not answer", timedelta(seconds=1))

    world.directory.add_members = lost  # type: ignore[method-assign]
    await world.wants(ENGINEERING, *NEW, age=30)
    with pytest.raises(TemporaryError):
        await world.ensures()
    world.directory.add_members = add  # type: ignore[method-assign]
    await world.ensures_until_done()
    assert set(NEW) <= await world.members(ENGINEERING)
    return world


async def is_looked_at_again(world: Onboarding) -> None:
    await asyncio.sleep((LONGEST_WRITE + timedelta(seconds=10)).total_seconds())
    await world.ensures()


@virtual
async def test_a_removal_that_an_operator_discarded_is_not_carried_out() -> None:
    world = await added_without_an_answer()
    await world.wants(ENGINEERING, *PEOPLE[:60], *NEW, wanted=Wanted.ABSENT)
    await world.ensures()
    held = await choose_held(world.context, TOTAL, groups=(), users=())
    assert len(held) == 75
    await decide(world.context, TOTAL, held, HeldAction.DISCARD, by=user(900), reason="an error")

    await is_looked_at_again(world)

    assert await world.members(ENGINEERING) == {*PEOPLE, *NEW}
    ended = [await world.intents.find(TOTAL, ENGINEERING, one) for one in NEW]
    assert {intent.outcome for intent in ended if intent} == {REJECTED}


@virtual
async def test_a_removal_that_the_brake_holds_stays_held() -> None:
    world = await added_without_an_answer()
    await world.wants(ENGINEERING, *PEOPLE[:60], *NEW, wanted=Wanted.ABSENT)
    await world.ensures()

    await is_looked_at_again(world)

    assert await world.members(ENGINEERING) == {*PEOPLE, *NEW}
    assert len(await choose_held(world.context, TOTAL, groups=(), users=())) == 75


@virtual
async def test_a_removal_that_was_only_observed_is_not_carried_out() -> None:
    world = await added_without_an_answer()
    world.target = world.target.model_copy(update={"mode": Mode.OBSERVE})
    await world.wants(ENGINEERING, *NEW, wanted=Wanted.ABSENT)
    await world.ensures()
    world.target = world.target.model_copy(update={"mode": Mode.ACT})

    await is_looked_at_again(world)

    assert await world.members(ENGINEERING) == {*PEOPLE, *NEW}


@pytest.mark.parametrize("is_discarded", [True, False])
def test_a_late_write_stands_if_the_newer_removal_was_discarded(*, is_discarded: bool) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(user(1))
        [older] = await world.wants(ENGINEERING, user(1), age=30)
        await world.wants(ENGINEERING, user(1), wanted=Wanted.ABSENT)
        newer = await world.intents.open_intents(TOTAL)
        await world.intents.finish(newer, REJECTED if is_discarded else RECORDED)

        assert await is_still_wanted(world.context, older) is is_discarded

        assert (await world.intents.open_intents(TOTAL) == []) is is_discarded

    run()
