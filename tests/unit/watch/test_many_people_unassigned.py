"""The hourly comparison after a group with thousands of people was unassigned."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.errors import TemporaryError
from hasten.records import people_cursor
from hasten.timers import run
from hasten.watch.compare_people import PEOPLE_PER_SAVE, READS_AT_ONCE, compare_people
from tests.fakes.directory import FakeDirectory
from tests.support.people import ADA, NOBODY, SETTLED, Watched, passes
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user

FUNCTION_TIMEOUT = timedelta(minutes=10)
ONE_READ = timedelta(seconds=0.1)
MANY = [user(number) for number in range(1_000, 7_000)]


class SlowDirectory(FakeDirectory):
    """Counts the reads of one user's assignments. Refuses those after `most`."""

    reads, flying, most_flying, most = 0, 0, 0, 1_000_000
    one_read = ONE_READ

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        self.reads += 1
        if self.reads > self.most:
            raise TemporaryError("Graph throttles", timedelta(minutes=1))
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        await asyncio.sleep(self.one_read.total_seconds())
        self.flying -= 1
        return await super().assigned_through(user, service_principal)


async def unassigned(directory: SlowDirectory) -> Watched:
    world = Watched(directory=directory)
    await world.begins(ADA)
    for one in MANY:
        world.directory.has_user(one)
    await world.context.roster.add(TOTAL, MANY, now())
    await passes(SETTLED)
    return world


@virtual
async def test_thousands_of_people_leave_the_roster_before_the_functions_time_is_over() -> None:
    directory = SlowDirectory()
    world = await unassigned(directory)

    async with asyncio.timeout(FUNCTION_TIMEOUT.total_seconds()):
        await compare_people(world.context)

    assert set(await world.context.roster.load(TOTAL)) == {ADA}
    assert directory.most_flying == READS_AT_ONCE


@virtual
async def test_a_comparison_that_is_killed_goes_on_where_it_was_the_next_time() -> None:
    directory = SlowDirectory()
    world = await unassigned(directory)
    directory.one_read = timedelta(seconds=1)
    left = [len(MANY) + 1]

    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300):
                await compare_people(world.context)
        left.append(len(await world.context.roster.load(TOTAL)))

    done = 300 * READS_AT_ONCE // PEOPLE_PER_SAVE * PEOPLE_PER_SAVE - PEOPLE_PER_SAVE
    assert left[0] - left[1] >= done
    assert left[1] - left[2] >= done


@virtual
async def test_what_was_compared_before_graph_throttles_is_saved() -> None:
    directory = SlowDirectory()
    world = await unassigned(directory)
    directory.most = 3 * PEOPLE_PER_SAVE

    with pytest.raises(TemporaryError):
        await compare_people(world.context)

    left = await world.context.roster.load(TOTAL)
    assert len(left) == len(MANY) + 1 - directory.most


@virtual
async def test_a_user_who_does_not_exist_any_more_is_looked_at_among_thousands() -> None:
    world = await unassigned(SlowDirectory())
    await world.context.roster.add(TOTAL, [NOBODY], now())

    await compare_people(world.context)

    assert [users for users, _ in world.queued_people()] == [[NOBODY]]


@virtual
async def test_the_timer_that_looks_ends_although_graph_refuses_the_link_of_the_people() -> None:
    world = await unassigned(SlowDirectory())
    cursor = await people_cursor.load(world.store)
    assert cursor is not None
    world.directory.expired_people_links.add(cursor.link)

    async with asyncio.timeout(FUNCTION_TIMEOUT.total_seconds()):
        await run(world.context, "look")

    assert set(await world.context.roster.load(TOTAL)) == {ADA}
