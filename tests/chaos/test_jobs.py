"""The jobs of a storm stop and start again, and a call or a silence meanwhile is found."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random

import pytest

from emulator.engine.job import JobCode
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING
from hasten.domain.cycle import Cycle
from tests.chaos import jobs as jobs_of_storm
from tests.chaos.cast import CAST
from tests.chaos.jobs import (
    NOTICED_AFTER,
    TOLD_WITHIN,
    Jobs,
    Standstill,
    calls_in_quarantine,
    untold_standstills,
)
from tests.chaos.moved_targets import Out
from tests.simulation.world import World, simulated
from tests.support.virtual_time import now, virtual

NEVER, ALWAYS = 0.0, 1.0
LEAVER, JOINER = CAST[10], CAST[-1]
SPAN = timedelta(minutes=7)


@pytest.mark.parametrize("quarantine", [NEVER, ALWAYS])
@pytest.mark.parametrize("at_once", [NEVER, ALWAYS])
def test_a_job_stops_and_is_started_again(
    quarantine: float, at_once: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely = {"OFTEN": ALWAYS, "QUARANTINE": quarantine, "CYCLE_AT_ONCE": at_once}
    for name, value in likely.items():
        monkeypatch.setattr(jobs_of_storm, name, value)

    @virtual
    async def run() -> None:
        async with simulated() as world:
            counts: Counter[str] = Counter()
            jobs, target = Jobs(world, counts, Random(2)), world.tenant.targets[TOTAL]
            for _ in range(2):  # the second time the job is stopped already
                jobs.maybe_act()
            await world.passes(timedelta(seconds=1))
            wanted = JobCode.QUARANTINE if quarantine else JobCode.PAUSED
            assert (target.job.code, target.has_cycles) == (wanted, bool(quarantine))

            await jobs.are_done()
            await world.passes(timedelta(minutes=2))

            assert target.job.code is JobCode.ACTIVE
            assert counts == {"quarantine of a job" if quarantine else "pause a job": 1}
            [one] = jobs.standstills
            ran_at = target.job.last["timeBegan"] if target.job.last else ""
            assert (ran_at > one.ended.isoformat()) is bool(at_once)

    run()


async def in_quarantine(world: World) -> Jobs:
    """The jobs of a storm in which somebody left while a job was in quarantine for SPAN."""
    jobs = Jobs(world, Counter(), Random(1))
    began = now()
    world.tenant.targets[TOTAL].quarantine("Unknown")
    await world.passes(NOTICED_AFTER + timedelta(seconds=5))
    world.admin.leave(TOTAL_ENGINEERING, LEAVER)
    world.admin.join(TOTAL_ENGINEERING, JOINER)
    await world.passes(SPAN)
    jobs.standstills.append(Standstill(TOTAL, is_quarantine=True, began=began, ended=now()))
    return jobs


@virtual
async def test_hasten_makes_no_call_in_quarantine_and_tells_of_it() -> None:
    async with simulated() as world:
        jobs = await in_quarantine(world)

        assert list(calls_in_quarantine(world, jobs)) == []
        assert list(untold_standstills(world, jobs, [])) == []


def test_a_call_in_quarantine_and_a_job_of_which_nobody_was_told_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hasten.domain.cycle.parse", lambda *_: Cycle())

    @virtual
    async def run() -> None:
        async with simulated() as world:
            jobs = await in_quarantine(world)

            assert list(calls_in_quarantine(world, jobs))
            assert SPAN > TOLD_WITHIN
            assert len(list(untold_standstills(world, jobs, []))) == 1

    run()


@pytest.mark.parametrize(
    ("spans", "untold"),
    [
        ([], 1),
        ([(TOTAL, -1, 4)], 1),
        ([(TOTAL, -1, 6)], 0),
        ([(TOTAL, 6, 11)], 1),
        ([(TOTAL, 4, 9)], 0),
        ([(TOTAL, 6, 7), (TOTAL, 2, 5)], 0),
        ([(TOTAL, -5, -1)], 1),
        ([(TOTAL, 11, 12)], 1),
        ([("another app", -1, 12)], 1),
    ],
)
@virtual
async def test_nobody_needs_to_tell_of_the_job_of_a_target_that_is_not_in_targets_yaml(
    spans: list[tuple[str, int, int]], untold: int
) -> None:
    async with simulated() as world:
        jobs, began = Jobs(world, Counter(), Random(1)), now()

        def at(minute: int) -> datetime:
            return began + timedelta(minutes=minute)

        jobs.standstills.append(Standstill(TOTAL, is_quarantine=True, began=began, ended=at(10)))
        outs = [Out(app, at(first), at(last)) for app, first, last in spans]

        assert len(list(untold_standstills(world, jobs, outs))) == untold


def test_removals_may_be_called_when_graph_shows_no_status() -> None:
    @virtual
    async def run() -> None:
        async with simulated() as world:
            path = "/synchronization/jobs/[^/]+$"
            world.tenant.faults.add({"path": path, "status": 403, "times": 10**9})
            jobs = await in_quarantine(world)

            assert {call.users for call in world.to_graph.calls} == {(LEAVER,)}
            assert list(calls_in_quarantine(world, jobs)) == []

    run()
