"""Storms while hosts are as harsh as Azure's can be: holders killed, locks lost, a deployment every
half minute. `HASTEN_STORM=1` runs them in full; a shorter form is the default."""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import quantiles

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW
from hasten.policy import Allowance, GroupPolicy
from hasten.targets import Target
from tests.simulation.bus import epoch
from tests.simulation.faults import Rates
from tests.simulation.graph import OnDemand
from tests.simulation.measuring import Measured
from tests.simulation.oracle import active
from tests.simulation.upstream import ONBOARD
from tests.simulation.world import World, newcomers, simulated
from tests.support.virtual_time import now, virtual

FULL = bool(os.environ.get("HASTEN_STORM"))
LEAVERS, JOINERS, SPAN = (600, 2000, 35) if FULL else (40, 120, 4)
"""People, and minutes in which the pace can call for them."""

KILLED_EVERY = timedelta(minutes=3 if FULL else 1)
DEPLOYMENTS = 20 if FULL else 5
EVERY = timedelta(seconds=30)
"""From one deployment to the next."""

UNHELD = Target(
    name="TOTAL",
    display_name="TOTAL",
    direct=Allowance.ALLOW,
    groups=(GroupPolicy(name="TOTAL-Engineering"),),
    brake_removals=100_000,
    brake_percent=100,
    brake_target_removals=100_000,
)
LOSSES = Rates(lock_lost=0.2, not_settled=0.1)
OUTCOMES = "provisioning-outcomes/subscriptions/all"

FIRST = 1000
"""The first of the seed's users who are in no group of the app, in the test's tenant."""


def within_the_pace(calls: Sequence[OnDemand]) -> bool:
    """Whether any window of ten seconds holds no more calls than Entra takes."""
    times = sorted(call.at for call in calls)
    firsts, lasts = times, times[CALLS_PER_WINDOW:]
    return all(last - first > CALL_WINDOW for first, last in zip(firsts, lasts, strict=False))


def overlapping(calls: Sequence[OnDemand], dead: Sequence[datetime]) -> list[str]:
    """Calls of two processes at once: only a process that is dead leaves one behind."""
    found = []
    for earlier, later in pairwise(sorted(calls, key=lambda call: call.at)):
        is_killed = any(earlier.at <= at <= later.at for at in dead)
        ended = earlier.ended is not None and earlier.ended <= later.at
        if earlier.by is not later.by and not ended and not is_killed:
            found.append(f"{earlier.at:%H:%M:%S.%f} and {later.at:%H:%M:%S.%f}")
    return found


def without_a_reason(world: World, dead: Sequence[datetime]) -> list[str]:
    """Users who were called again although the call before had an answer that ended their row."""
    told = [
        (at, event.fields["user"])
        for at, event in world.around.events
        if event.name == "change" and event.result in {"waiting", "pending", "found"}
    ]
    by_user: dict[str, list[OnDemand]] = {}
    for call in world.to_graph.calls:
        for user in call.users:
            by_user.setdefault(user, []).append(call)
    return [
        f"{user} at {later.at:%H:%M:%S} after {earlier.at:%H:%M:%S}"
        for user, calls in by_user.items()
        for earlier, later in pairwise(calls)
        if not (
            earlier.status != 200
            or any(earlier.at <= at <= later.at for at in dead)
            or any(name == user and earlier.at <= at <= later.at for at, name in told)
        )
    ]


async def killed_every(world: World, span: timedelta, dead: list[datetime]) -> None:
    """The process that made the last call, which holds the lease; then the one after it."""
    while True:
        await asyncio.sleep(span.total_seconds())
        by = world.to_graph.calls[-1].by if world.to_graph.calls else None
        for host in world.hosts:
            if host.is_alive and host.is_owner(by):
                dead.append(now())
                host.kill()
                await asyncio.sleep(15)
                host.start()


@virtual
async def test_hundreds_of_leavers_and_joiners_while_holders_die_and_locks_are_lost(
    record_property: Measured,
) -> None:
    options = GraphOptions(users=FIRST + JOINERS)
    async with simulated(hosts=3, rates=LOSSES, targets=(UNHELD,), graph=options) as world:
        members = list(world.tenant.directory.groups[TOTAL_ENGINEERING].members)
        staff = newcomers(LEAVERS - min(len(members), LEAVERS), FIRST - LEAVERS)
        dead: list[datetime] = []
        world.admin.join(TOTAL_ENGINEERING, *staff)
        await world.until(world.is_in_step, timedelta(hours=2))
        calls_before = len(world.to_graph.calls)
        world.tenant.targets[TOTAL].next_cycle += 7200
        leavers = list(world.tenant.directory.groups[TOTAL_ENGINEERING].members)[:LEAVERS]
        joiners = newcomers(JOINERS, FIRST)
        killing = asyncio.create_task(killed_every(world, KILLED_EVERY, dead))

        world.admin.leave(TOTAL_ENGINEERING, *leavers)
        world.admin.join(TOTAL_ENGINEERING, *joiners)
        gone = await world.until(lambda: _are_out(world, leavers), timedelta(minutes=2 * SPAN))
        took = gone + await world.until(world.is_in_step, timedelta(hours=3))
        killing.cancel()
        world.calm()
        await world.passes(timedelta(minutes=5))

        calls = world.to_graph.calls[calls_before:]
        report = await world.report()
        again = sum(count - 1 for count in Counter(u for c in calls for u in c.users).values())
        record_property("leavers", len(leavers))
        record_property("joiners", len(joiners))
        record_property("holders killed", len(dead))
        record_property("minutes until the last revocation", round(gone / 60, 1))
        record_property("minutes until all in step", round(took / 60, 1))
        record_property("people called again, each for a reason", again)
        assert within_the_pace(calls)
        assert report.limit_violations == 0
        assert overlapping(calls, dead) == []
        assert without_a_reason(world, dead) == []
        assert (report.open_rows, report.dead_letters, report.differences) == ([], {}, [])
        assert dead


def _are_out(world: World, users: Sequence[str]) -> bool:
    return not {*users} & active(world.tenant, TOTAL).keys()


# --- deployments ---


class Latencies:
    """From a change in the directory to its effect in the app, in seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._began: dict[tuple[str, bool], float] = {}

    def began(self, user: str, *, leaves: bool) -> None:
        self._began[user, leaves] = epoch()

    def measured(self, *, leaves: bool) -> list[float]:
        """Of every change that took effect."""
        first: dict[str, float] = {}
        kinds = {"disable", "delete"} if leaves else {"join"}
        for write in self._world.tenant.targets[TOTAL].app.writes:
            began = self._began.get((write.user, leaves))
            if began is not None and write.what in kinds and write.at >= began:
                first.setdefault(write.user, write.at - began)
        return sorted(first.values())


def told(latencies: Sequence[float]) -> str:
    cuts = quantiles(latencies, n=20)
    return f"median {cuts[9]:.0f}, 95 in 100 within {cuts[18]:.0f}, worst {latencies[-1]:.0f}"


async def deployed(world: World) -> None:
    """All instances are replaced, as by a deployment."""
    await asyncio.gather(*(host.stop() for host in world.hosts))
    for host in world.hosts:
        host.start()


def outcomes_told_twice(world: World) -> list[str]:
    """Each message of the topic once, and each change once for each time that it ended."""
    bodies = [message.body for message in world.bus.waiting(OUTCOMES)]
    of_changes = [body["data"] for body in bodies if "action" in body["data"]]
    names = ("group", "user", "action", "result")
    ends = [(*(data[name] for name in names), data["times"].get("ended")) for data in of_changes]
    ids = [body["id"] for body in bodies]
    return [f"{one}" for one, count in [*Counter(ids).items(), *Counter(ends).items()] if count > 1]


@virtual
async def test_a_deployment_every_half_minute_under_load_loses_and_repeats_nothing(
    record_property: Measured,
) -> None:
    options = GraphOptions(users=FIRST + 40 * DEPLOYMENTS)
    async with simulated(hosts=2, targets=(UNHELD,), graph=options) as world:
        latencies = Latencies(world)
        staff = list(world.tenant.directory.groups[TOTAL_ENGINEERING].members)
        hired = iter(newcomers(40 * DEPLOYMENTS, FIRST))
        joined: list[str] = []
        left: list[str] = []
        for _ in range(DEPLOYMENTS):
            deploying = asyncio.create_task(deployed(world))
            for step in range(10):
                joins, by_event = next(hired), next(hired)
                latencies.began(joins, leaves=False)
                world.admin.join(TOTAL_ENGINEERING, joins)
                latencies.began(by_event, leaves=False)
                await world.upstream.post(
                    ONBOARD, users=[{"id": by_event}], group={"name": "TOTAL-Engineering"}
                )
                if step % 2 and staff:
                    leaver = staff.pop()
                    latencies.began(leaver, leaves=True)
                    world.admin.leave(TOTAL_ENGINEERING, leaver)
                    left.append(leaver)
                joined += [joins, by_event]
                await asyncio.sleep(EVERY.total_seconds() / 10)
            await deploying
        took = await world.until(world.is_in_step, timedelta(hours=1))
        await world.passes(timedelta(minutes=12))

        report = await world.report()
        record_property("deployments", DEPLOYMENTS)
        record_property("joiners", len(joined))
        record_property("leavers", len(left))
        record_property("seconds of a revocation", told(latencies.measured(leaves=True)))
        record_property("seconds of a grant", told(latencies.measured(leaves=False)))
        record_property("seconds from the last change until all in step", round(took))
        assert {*joined} <= active(world.tenant, TOTAL).keys()
        assert not {*left} & active(world.tenant, TOTAL).keys()
        assert outcomes_told_twice(world) == []
        assert (report.open_rows, report.dead_letters, report.differences) == ([], {}, [])
        assert report.limit_violations == 0
