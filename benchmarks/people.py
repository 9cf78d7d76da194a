"""Measures an hour of a large tenant in which 1,000 users change, 50 of them assigned to the
target, against an hour without a change: requests to Graph and to the store, and CPU. It runs on
simulated time; the CPU includes that of the emulator."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from benchmarks.row import Row
from emulator.graph.options import GraphOptions
from emulator.graph.seed import object_id
from tests.simulation.host import Host
from tests.simulation.world import World, simulated
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import VirtualLoop

USERS, CHANGED, ASSIGNED = 100_000, 1000, 50
MOST_SECONDS = 10.0
MOST_GRAPH, MOST_STORE = 800, 3500
"""Requests. Each assigned person has a row of their own, and a call: about 10 requests to Graph and
50 to the store."""


@dataclass(frozen=True)
class Hour:
    graph: int
    store: int
    seconds: float
    calls: int

    def __sub__(self, other: "Hour") -> "Hour":
        return Hour(
            self.graph - other.graph,
            self.store - other.store,
            self.seconds - other.seconds,
            self.calls - other.calls,
        )


def row() -> Row:
    """Run it in a thread, because it starts its own event loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        spent = runner.run(_measured())
    problems = []
    if spent.graph > MOST_GRAPH:
        problems.append(f"{spent.graph} requests to Graph, more than {MOST_GRAPH}")
    if spent.store > MOST_STORE:
        problems.append(f"{spent.store} requests to the store, more than {MOST_STORE}")
    if spent.calls < ASSIGNED:
        problems.append(f"{spent.calls} calls for {ASSIGNED} people")
    return Row(
        what=f"{CHANGED} users change: {spent.graph} to Graph, {spent.store} to the store",
        measured=spent.seconds,
        floor=MOST_SECONDS,
        floor_is="ten seconds of CPU",
        limit=1.0,
        broken="; ".join(problems),
    )


async def _measured() -> Hour:
    async with simulated(graph=GraphOptions.kind(users=USERS)) as world:
        store = CountingStore(world.store)
        host = Host("counting", replace(world.around, store=store))
        world.hosts[0].kill()
        world.hosts[0] = host
        host.start()
        await host.fire("look")
        await world.until(world.is_quiet)
        assigned = [object_id(f"user/{number}") for number in range(1, ASSIGNED + 1)]
        others = [object_id(f"user/{1000 + n}") for n in range(CHANGED - ASSIGNED)]
        quiet = await _hour(world, store, [])
        busy = await _hour(world, store, _spread(assigned, others))
        return busy - quiet


def _spread(assigned: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    """Returns all of them, with the assigned ones at equal distances."""
    share = len(others) // len(assigned)
    return [
        user
        for number, one in enumerate(assigned)
        for user in (one, *others[number * share : (number + 1) * share])
    ]


async def _hour(world: World, store: CountingStore, changing: Sequence[str]) -> Hour:
    graph, requests, calls = _requests(world), store.requests, len(world.to_graph.calls)
    directory, began = world.tenant.directory, time.thread_time()
    pause = timedelta(hours=1) / max(1, len(changing))
    for user in changing:
        directory.update(directory.users[user], {"jobTitle": "Captain"})
        await world.passes(pause)
    if not changing:
        await world.passes(pause)
    return Hour(
        _requests(world) - graph,
        store.requests - requests,
        time.thread_time() - began,
        len(world.to_graph.calls) - calls,
    )


def _requests(world: World) -> int:
    return sum(world.tenant.journal.by_path.values())
