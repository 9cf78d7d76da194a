"""Privileged Identity Management activates memberships and ends them, and makes calls of its own in
the window of the target."""

import asyncio
from datetime import timedelta

import pytest

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW
from tests.simulation.defaults import USERS
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import virtual

SHARED = GraphOptions(users=USERS, entra=EntraBehaviours.kind(pim_shares_window=True))
ACTIVATIONS = 10
BETWEEN = 11.0
"""Seconds between two calls of Privileged Identity Management: one in each window."""


def most_calls_within(world: World, window: timedelta) -> int:
    times = [call.at for call in world.to_graph.calls]
    return max(sum(1 for at in times if start <= at < start + window) for start in times)


async def backlog(world: World) -> None:
    """Joiners of whom each leaves again: revocations, each with a call of its own."""
    people = newcomers(60)
    world.admin.join(TOTAL_ENGINEERING, *people)
    for person in people:
        await world.passes(timedelta(seconds=1))
        world.admin.leave(TOTAL_ENGINEERING, person)


async def activations(world: World) -> None:
    """The calls of Privileged Identity Management for people whom it activated earlier."""
    target = world.tenant.targets[TOTAL]
    await world.passes(timedelta(seconds=20))
    for person in newcomers(ACTIVATIONS, first=361):
        await target.provision_for_pim(TOTAL_ENGINEERING, person)
        await world.passes(timedelta(seconds=BETWEEN))


@pytest.mark.parametrize("reserved", [0, 1])
def test_a_reserved_slot_lets_every_activation_through(reserved: int) -> None:
    @virtual
    async def scenario() -> None:
        target = TARGET.model_copy(update={"reserve_calls": reserved})
        async with simulated(targets=(target,), graph=SHARED) as world:
            app = world.tenant.targets[TOTAL]
            busy = asyncio.create_task(backlog(world))
            await activations(world)
            busy.cancel()

            disturbed = app.pim_left_to_cycle + app.limit_violations
            assert app.pim_calls + app.pim_left_to_cycle == ACTIVATIONS
            assert (disturbed == 0) is bool(reserved), (app.pim_left_to_cycle, app.throttled)

    scenario()


@virtual
async def test_an_activation_begins_and_ends_within_seconds_and_leaves_a_slot_of_the_window() -> (
    None
):
    """An activation is a membership. Its own call comes minutes later, and finds it done."""
    target = TARGET.model_copy(update={"reserve_calls": 1})
    async with simulated(targets=(target,), graph=SHARED) as world:
        app, activated = world.tenant.targets[TOTAL], newcomers(23)
        world.admin.join(TOTAL_ENGINEERING, *activated)
        began = await world.until(world.is_in_step)
        await world.passes(timedelta(minutes=2))
        assert await app.provision_for_pim(TOTAL_ENGINEERING, activated[0])
        await world.passes(timedelta(hours=1))

        world.admin.leave(TOTAL_ENGINEERING, activated[0])
        ended = await world.until(world.is_in_step)

        assert (began < 20, ended < 10) == (True, True)
        assert most_calls_within(world, CALL_WINDOW) == CALLS_PER_WINDOW - 1
        assert app.limit_violations == 0
