"""The measure of an instance's memory sees what it keeps, and not what the world keeps."""

from datetime import timedelta

import pytest

from hasten import stand_in
from tests.simulation.world import World, newcomers, simulated
from tests.soak.memory import Held, held_by
from tests.support.virtual_time import virtual

MANY = 1000


async def _held(world: World) -> Held:
    await world.passes(timedelta(minutes=1))
    return held_by(world.hosts[0].app)


@virtual
async def test_what_a_context_keeps_counts() -> None:
    async with simulated() as world:
        before = await _held(world)
        world.hosts[0].app._context.held_noted |= {
            f"target {n}": frozenset({f"row {n}"}) for n in range(MANY)
        }

        after = await _held(world)

    assert after.objects - before.objects >= 3 * MANY


@virtual
async def test_what_a_module_keeps_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulated() as world:
        before = await _held(world)
        monkeypatch.setattr(stand_in, "kept", [f"line {n}" for n in range(MANY)], raising=False)

        after = await _held(world)

    assert after.objects - before.objects >= MANY


@virtual
async def test_what_the_world_keeps_does_not_count() -> None:
    async with simulated() as world:
        before = await _held(world)
        for user in newcomers(50):
            world.admin.create_group([user])
        world.around.lines.extend(f"line {n}" for n in range(MANY))

        after = await _held(world)

    assert after.objects - before.objects < MANY // 2
