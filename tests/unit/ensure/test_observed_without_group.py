"""A removal in observe mode from a group that does not exist: nobody is a member of it, so that
nobody keeps access."""

import asyncio

import pytest

from hasten.domain.intents import Wanted
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.directory_errors import NotYet
from hasten.targets import Mode
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, user

WHERE = [(ENGINEERING, ""), ("", "TOTAL-Never-Created")]


@pytest.mark.parametrize(("group", "name"), WHERE)
@pytest.mark.parametrize("was_accepted", [Mode.OBSERVE, Mode.ACT])
def test_a_removal_from_a_group_that_does_not_exist_is_no_problem(
    group: str, name: str, was_accepted: Mode
) -> None:
    @virtual
    async def run() -> None:
        world = Onboarding()
        await world.is_discovered()
        acting = world.target
        world.target = acting.model_copy(update={"mode": was_accepted})
        await world.wants(group, user(1), wanted=Wanted.ABSENT, name=name, age=200)
        world.target = acting.model_copy(update={"mode": Mode.OBSERVE})
        world.directory.delete_group(ENGINEERING)

        await world.ensures_until_done()

        assert world.told() == [(user(1), "observed")]
        assert world.reasons() == ["the person is no member"]
        assert not any(one.problem for one in world.events if one.name == "intent")

    run()


@virtual
async def test_an_addition_to_a_group_that_is_gone_is_one() -> None:
    world = Onboarding()
    await world.is_discovered()
    world.target = world.target.model_copy(update={"mode": Mode.OBSERVE})
    world.directory.delete_group(ENGINEERING)
    await world.wants(ENGINEERING, user(1), user(2))
    await world.wants(ENGINEERING, user(3), wanted=Wanted.ABSENT)

    with pytest.raises(NotYet):
        await world.ensures()
    assert world.told() == [], "not every replica may show a new group"
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await world.ensures_until_done()

    assert dict(world.told()) == {user(1): "rejected", user(2): "rejected", user(3): "observed"}
