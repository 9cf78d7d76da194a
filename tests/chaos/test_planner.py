"""The operator of a storm who cancels dates or brings them forward: what becomes of them is known,
or nobody claims to know it."""

import asyncio
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING
from tests.chaos import planner
from tests.chaos.ahead import Ahead
from tests.chaos.dates import broken_dates
from tests.chaos.operations import Operations
from tests.chaos.planner import Planner
from tests.chaos.targets import POLICY
from tests.chaos.wishes import Posted
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import TARGET, World, newcomers, simulated
from tests.support.virtual_time import now, virtual

ALLOWS = TARGET.model_copy(update={"groups": POLICY})
GROUP = {"name": "TOTAL-Engineering"}
NEVER, ALWAYS = 0.0, 1.0


async def starts_in_an_hour(world: World, ahead: Ahead) -> Posted:
    [user] = newcomers(1)
    about: dict[str, Any] = {"users": [{"id": user}], "group": GROUP}
    start = (now() + timedelta(hours=1)).isoformat()
    posted = Posted(await world.upstream.post(ONBOARD, **about, startAt=start))
    ahead.posted.append(posted)
    await world.passes(timedelta(minutes=1))
    return posted


@pytest.mark.parametrize("by_api", [NEVER, ALWAYS])
@pytest.mark.parametrize("cancels", [NEVER, ALWAYS])
@pytest.mark.parametrize("dies", [NEVER, ALWAYS])
def test_what_an_operator_decided_is_what_became_of_it(
    cancels: float, by_api: float, dies: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, likely in (("OFTEN", 1), ("CANCELS", cancels), ("BY_API", by_api), ("DIES", dies)):
        monkeypatch.setattr(planner, name, likely)
    monkeypatch.setattr(planner, "LAST_REQUEST", 1)

    @virtual
    async def run() -> None:
        async with simulated(targets=(ALLOWS,)) as world:
            people = Operations(world, Random(1))
            ahead = Ahead(world, people, Random(1))
            operator = Planner(world, people, ahead, Random(1))
            posted = await starts_in_an_hour(world, ahead)
            event = posted.event["id"]

            for _ in range(2):  # the second time everything was decided about
                operator.maybe_act()
            await operator.are_done()
            await world.passes(timedelta(minutes=2))
            group = world.tenant.directory.groups[TOTAL_ENGINEERING]
            is_member = newcomers(1)[0] in group.members

            if dies and not (cancels and by_api):
                assert event in posted.unclear
            elif cancels:
                assert (posted.cancelled, posted.unclear, is_member) == ({event}, set(), False)
            else:
                assert (set(posted.brought), posted.unclear, is_member) == ({event}, set(), True)
            assert list(operator.false) == []
            await asyncio.sleep(timedelta(hours=1).total_seconds())
            assert list(broken_dates(world, ahead)) == []

    run()
