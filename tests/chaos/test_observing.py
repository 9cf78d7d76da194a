"""The watch over observe mode finds what is done in it, and what is not said of it later."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.domain.changes import State
from hasten.scim import Scim
from hasten.targets import Target
from tests.chaos import changed_settings
from tests.chaos import deployments as deployments_of_storm
from tests.chaos.cast import CAST
from tests.chaos.changed_settings import ChangedSettings, Setting
from tests.chaos.deployments import Deployments
from tests.chaos.observing import Observing, done_while_observing
from tests.chaos.targets import POLICY
from tests.simulation.scim import SETTINGS
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import virtual

TOTAL = TARGET.model_copy(update={"groups": POLICY, "scim": Scim.model_validate(SETTINGS)})
LEAVER = CAST[10]


async def observed_for_a_while(world: World) -> tuple[ChangedSettings, Observing]:
    """Somebody leaves, and an event onboards somebody, while the target is in observe mode."""
    changed = ChangedSettings(world, Deployments(world, Random(2)), Counter(), Random(3))
    watch = Observing(world, changed)
    watching = asyncio.create_task(watch.watch())
    changed.maybe_act()
    await world.passes(timedelta(minutes=1))
    world.admin.leave(TOTAL_ENGINEERING, LEAVER)
    [joiner], group = newcomers(1), {"name": "TOTAL-Engineering"}
    await world.upstream.post(ONBOARD, users=[{"id": joiner}], group=group)
    await changed.are_done()
    await world.passes(timedelta(minutes=3))
    watching.cancel()
    return changed, watch


@pytest.fixture(autouse=True)
def observes_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployments_of_storm, "ROLLS", 0.0)
    monkeypatch.setattr(changed_settings, "OFTEN", 1.0)
    monkeypatch.setattr(changed_settings, "WEIGHTS", {Setting.MODE: 1})


@virtual
async def test_observe_mode_does_nothing_and_what_it_held_is_said_to_be_late() -> None:
    async with simulated(hosts=2, targets=(TOTAL,)) as world:
        changed, watch = await observed_for_a_while(world)

        assert [row.user for row in await world.rows() if row.state is State.HELD] == [LEAVER]
        assert list(done_while_observing(world, changed)) == []
        assert watch.false == {}


def test_what_is_done_in_observe_mode_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Target, "observes", property(lambda _: False))

    @virtual
    async def run() -> None:
        async with simulated(hosts=2, targets=(TOTAL,)) as world:
            changed, _ = await observed_for_a_while(world)

            found = list(done_while_observing(world, changed))
            for what in ("a call at", "PATCH /v1.0/groups/", "a write in the app"):
                assert any(line.startswith(what) for line in found), what

    run()


def test_a_measurement_that_leaves_out_what_observe_mode_held_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hasten.operate.backlog._oldest", lambda *_: 0.0)

    @virtual
    async def run() -> None:
        async with simulated(hosts=2, targets=(TOTAL,)) as world:
            _, watch = await observed_for_a_while(world)

            assert len(watch.false) == 1

    run()
