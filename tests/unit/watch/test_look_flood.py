"""A flood of looks at one group, as someone who knows the secret could cause with random hints:
Graph gets one request a second, and a real change is found all the same."""

import asyncio
import heapq
import itertools

from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.single_flight import READS_BEFORE_PACE
from hasten.watch.look import look
from tests.support.looking import a_look, watched
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user

POSTS, SECONDS = 1000, 100


async def flooded(world: World) -> float:
    """Has every look done at its time, also those that looks schedule. Returns the seconds that it
    took."""
    context, began, number = world.context, now(), itertools.count()
    posts = [a_look(added=(user(1000 + post),)) for post in range(POSTS)]
    due = [(index * SECONDS / POSTS, next(number), post) for index, post in enumerate(posts)]
    running: set[asyncio.Task[None]] = set()
    while due or running:
        passed = (now() - began).total_seconds()
        while due and due[0][0] <= passed:
            running.add(asyncio.create_task(look(context, heapq.heappop(due)[2])))
        await asyncio.sleep(0.05)
        running = {task for task in running if not task.done()}
        for message in world.bus.of(DIRECTORY_CHANGES):
            at = (message.at - began).total_seconds() if message.at else passed
            heapq.heappush(due, (at, next(number), Look.parse(message.body)))
        world.bus.sent.clear()
    return (now() - began).total_seconds()


@virtual
async def test_random_hints_cost_one_request_a_second() -> None:
    world = await watched()
    before = world.directory.delta_reads

    took = await flooded(world)

    assert took > SECONDS
    assert world.directory.delta_reads - before <= took + READS_BEFORE_PACE


@virtual
async def test_a_change_during_a_flood_is_found_within_the_second() -> None:
    world = await watched()
    flood = asyncio.create_task(flooded(world))
    await asyncio.sleep(SECONDS / 2)
    world.directory.join(ENGINEERING, user(1))
    joined = now()

    await asyncio.sleep(2)
    row = await world.row(ENGINEERING, user(1))
    await flood

    assert (row.found_at - joined).total_seconds() <= 1.1


@virtual
async def test_a_flood_of_one_group_does_not_delay_another() -> None:
    world = await watched()
    context, began = world.context, now()
    looks = [look(context, a_look(added=(user(n),))) for n in range(1000, 1100)]
    flood = asyncio.gather(*looks)
    await asyncio.sleep(0)

    await context.looks.run(ADMIN, lambda: asyncio.sleep(0))

    assert (now() - began).total_seconds() < 0.1
    await flood
