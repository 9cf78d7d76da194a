"""The operator of a storm sends parked events again, as a person does, and what the command says
wrongly is found."""

from datetime import timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from tests.chaos import replays as commands
from tests.chaos.newest import Newest
from tests.chaos.operations import Operations
from tests.chaos.replays import LAST_REQUEST, Replays
from tests.chaos.targets import POLICY
from tests.chaos.wishes import Posted
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import TARGET, World, simulated
from tests.support.virtual_time import virtual

ALLOWS = TARGET.model_copy(update={"groups": POLICY})
UPN = "hired.person1@contoso.example"


def acting(world: World) -> Replays:
    return Replays(world, Operations(world, Random(1)), Random(1))


async def is_parked(world: World) -> Posted:
    """An event about somebody whose account comes only now."""
    body = await world.upstream.post(ONBOARD, users=[{"upn": UPN}], group={"id": TOTAL_ENGINEERING})
    await world.passes(timedelta(seconds=30))
    world.admin.create_user(UPN)
    return Posted(body)


@virtual
async def test_an_event_that_is_taken_up_again_is_judged_and_no_other_parked_one_is() -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        posted, replays, newest = await is_parked(world), acting(world), Newest(world)
        assert newest.broken_at_the_end([posted], await replays.taken_up()) == []

        await replays.all()
        await world.passes(timedelta(minutes=2))
        taken_up = await replays.taken_up()

        assert taken_up == {"event-1"}
        assert replays.false == []
        assert newest.broken_at_the_end([posted], taken_up) == []
        group = world.tenant.directory.groups[TOTAL_ENGINEERING]
        world.tenant.directory.remove_member(group, list(group.members)[-1])
        assert len(newest.broken_at_the_end([posted], taken_up)) == 1


@pytest.mark.parametrize("drops", [False, True])
def test_a_command_that_dies_anywhere_loses_nothing(
    drops: bool,  # noqa: FBT001 - a case of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands, "OFTEN", 1.0)
    monkeypatch.setattr(commands, "DROPS", float(drops))
    monkeypatch.setattr(commands, "DIES", 1.0)

    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            await is_parked(world)
            replays = acting(world)
            for _ in range(2 * LAST_REQUEST):
                replays.maybe_act()
                await world.passes(timedelta(seconds=70))  # a lock of the one before has run out
            await replays.all()
            await world.passes(timedelta(minutes=2))
            await world.until(world.is_in_step)

            assert replays.false == []
            assert await replays.taken_up() == (set() if drops else {"event-1"})
            assert not world.bus.dead_letters()

    run()


@virtual
async def test_a_command_that_the_history_lacks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulated(targets=(ALLOWS,)) as world:
        await is_parked(world)
        replays = acting(world)
        monkeypatch.setattr(world.store, "partitions", lambda _: [])

        await replays.all()

    assert replays.false == ["replay: 1 moved, and the history has 0"]
