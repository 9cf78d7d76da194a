"""Measures a reconcile of many large unchanged groups: requests, CPU, and memory that does not grow
with the directory. It runs on simulated time, so that only work is measured."""

import asyncio
import time
import tracemalloc
from collections.abc import Awaitable
from dataclasses import dataclass

from benchmarks.row import Row
from emulator.graph.options import GraphOptions
from tests.simulation.world import World, simulated
from tests.support.virtual_time import VirtualLoop

GROUPS = 100
SMALL, LARGE = 100, 1000
MOST_REQUESTS = 10
MOST_SECONDS = 1.0
GROWTH = 1.2
"""Maximum growth of the peak of memory from SMALL to LARGE groups."""


@dataclass(frozen=True)
class Reconciled:
    requests: int
    seconds: float
    peak: int


def row() -> Row:
    """Measures both sizes. Run it in a thread, because it starts its own event loop."""
    small, large = _measured(SMALL), _measured(LARGE)
    problems = []
    if large.requests > MOST_REQUESTS:
        problems.append(f"{large.requests} requests, more than {MOST_REQUESTS}")
    if large.peak > small.peak * GROWTH:
        problems.append(f"memory grows from {small.peak} to {large.peak} bytes")
    return Row(
        what=f"reconcile, {GROUPS} x {LARGE}: {large.requests} requests, {large.peak // 1024} KiB",
        measured=large.seconds,
        floor=MOST_SECONDS,
        floor_is="a second of CPU",
        limit=1.0,
        broken="; ".join(problems),
    )


def _measured(members: int) -> Reconciled:
    async def run() -> Reconciled:
        options = GraphOptions.kind(users=400, more_groups=(GROUPS, members))
        async with simulated(graph=options) as world:
            await _reconcile(world)  # the first one creates the batches
            before = _requests(world)
            began = time.thread_time()
            await _reconcile(world)
            seconds = time.thread_time() - began
            requests = _requests(world) - before
            return Reconciled(requests, seconds, await _peak(_reconcile(world)))

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


async def _reconcile(world: World) -> None:
    await world.hosts[0].fire("look")
    await world.until(world.is_quiet)


def _requests(world: World) -> int:
    return sum(world.tenant.journal.by_path.values())


async def _peak(work: Awaitable[None]) -> int:
    tracemalloc.start()
    await work
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
