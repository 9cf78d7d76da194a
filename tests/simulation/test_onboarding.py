"""A wave of onboarding events at once: paced as fast as Entra allows, with few writes to Graph."""

import os

import pytest

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.ensure.grant import MOST_DOUBTED_MEMBERS
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW, MAX_LINKS_PER_PATCH, MAX_MEMBERS_PER_CALL
from hasten.policy import GroupPolicy
from hasten.targets import Target
from tests.simulation.faults import CALM, Rates
from tests.simulation.measuring import Measured
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import virtual

ENGINEERING = "TOTAL-Engineering"
POLICY = Target(name="TOTAL", display_name="TOTAL", groups=(GroupPolicy(name=ENGINEERING),))
FIRST = 300
WAVE = int(os.environ.get("HASTEN_WAVE", "80"))
"""`make chaos` runs 1,000."""

NEAR = 1.1
LAST_CALL = 5.0
"""Seconds that the last call takes at most."""

LATER = 1.4
"""Times as long at most, while Graph answers three in a hundred requests with 429 or 503."""

MORE_WRITES, MORE_WHILE_BUSY = 5, 10 + MOST_DOUBTED_MEMBERS
"""PATCH requests beside those of full chunks: the first and last of a run, and repeated ones. After
a refused request Hasten looks at its members once more, and may add each of them again."""

BUSY = Rates(graph_throttled=0.02, graph_unavailable=0.01)


@pytest.mark.parametrize(
    ("rates", "slower", "more"),
    [(CALM, 1, MORE_WRITES), (BUSY, LATER, MORE_WHILE_BUSY)],
    ids=["calm", "busy"],
)
def test_a_wave_of_onboard_events_is_provisioned_as_fast_as_the_limit_allows(
    rates: Rates, slower: float, more: int, record_property: Measured
) -> None:
    @virtual
    async def run() -> None:
        options = GraphOptions.kind(users=FIRST + WAVE)
        async with simulated(rates=rates, targets=(POLICY,), graph=options) as world:
            joiners = newcomers(WAVE, FIRST)
            for user in joiners:
                name = world.tenant.directory.users[user].properties["userPrincipalName"]
                await world.upstream.post(
                    ONBOARD, users=[{"upn": name}], group={"name": ENGINEERING}
                )

            took = await world.until(lambda: _are_in(world, joiners))
            await world.until(world.is_quiet)

            report = await world.report()
            writes = report.requests["PATCH /groups/{id}"]
            calls = WAVE // MAX_MEMBERS_PER_CALL
            least = (calls - 1) // CALLS_PER_WINDOW * CALL_WINDOW.total_seconds()
            record_property("events", WAVE)
            record_property("seconds", round(took))
            record_property("least seconds by the limit", round(least))
            record_property("PATCH requests to groups", writes)
            record_property("calls on demand", report.calls)
            assert took <= least * NEAR * slower + LAST_CALL
            assert writes <= WAVE / MAX_LINKS_PER_PATCH + more
            assert (report.limit_violations, report.open_rows, report.dead_letters) == (0, [], {})

    run()


def _are_in(world: World, users: list[str]) -> bool:
    members = world.tenant.directory.groups[TOTAL_ENGINEERING].members
    return all(user in members for user in users) and world.is_in_step()
