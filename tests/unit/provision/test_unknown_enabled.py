"""Graph does not say whether a leaver is enabled: that is no reason to leave them to the cycle."""

from hasten.domain.changes import State
from hasten.domain.explaining import explain
from hasten.messages import Wake
from hasten.operate.explain import gather
from hasten.provision.drain import drain
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


@virtual
async def test_a_leaver_whose_enabled_state_is_unknown_is_called() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1), user(2))
    world.directory.unsaid = {user(1)}
    world.directory.disabled = {user(2)}
    await world.left(ENGINEERING, user(1), user(2))

    await drain(world.context, Wake(target=TOTAL))

    assert [(call.group, call.users) for call in world.directory.calls] == [(None, (user(1),))]
    assert (await world.row(ENGINEERING, user(2))).state is State.LEFT_TO_CYCLE


@virtual
async def test_explain_says_that_it_is_unknown() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.unsaid = {user(1)}

    [first, *_] = explain(await gather(world.context, world.target, user(1)))

    assert "does not say whether they are enabled" in first
