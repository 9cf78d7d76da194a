"""Where two operators must agree, a storm finds what one of them released alone."""

from datetime import timedelta

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.domain.changes import State
from tests.chaos.operator import BOTH
from tests.chaos.two_people import TwoPeople
from tests.simulation.front import Front
from tests.simulation.world import TARGET, World, simulated
from tests.support.virtual_time import virtual

ONE, OTHER = BOTH
MANY = 60
"""Of 200: more than the brake lets pass."""


async def held(world: World) -> list[str]:
    group = world.tenant.directory.groups[TOTAL_ENGINEERING]
    world.admin.leave(TOTAL_ENGINEERING, *list(group.members)[:MANY])
    await world.passes(timedelta(minutes=2))
    return [row.user for row in await world.rows() if row.state is State.HELD]


@pytest.mark.parametrize(
    ("by_two", "who", "asked", "releases", "found"),
    [
        (True, (ONE, OTHER), (ONE, OTHER), True, False),
        (True, (ONE, ONE), (ONE, ONE), False, False),
        (True, (ONE, OTHER), (ONE,), True, True),
        (False, (ONE,), (ONE,), True, False),
    ],
)
def test_what_two_released_is_right_and_what_one_asked_for_alone_is_found(
    *, by_two: bool, who: tuple[str, ...], asked: tuple[str, ...], releases: bool, found: bool
) -> None:
    """`who` sends a release, and the watch knows only of those who `asked`."""

    @virtual
    async def run() -> None:
        target = TARGET.model_copy(update={"release_by_two": by_two})
        async with simulated(targets=(target,)) as world:
            users = await held(world)
            two, front = TwoPeople(world), Front(world)
            two.look()
            for by in asked:
                two.ask(by, "TOTAL", users[:2])
            for by in who:
                body = {"target": "TOTAL", "users": users[:2], "reason": "it was meant so"}
                answer = await front.post("/held/release", body, by)
                assert answer is not None
                assert answer.status_code == 200
                two.look()
            still = {row.user for row in await world.rows() if row.state is State.HELD}

        assert still.isdisjoint(users[:2]) is releases
        assert bool(two.false) is found
        assert two.agreed == (2 if releases and by_two else 0)

    run()
