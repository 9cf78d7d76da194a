"""While no call may be made, or none helps, Hasten goes on taking access in the app."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.app_account import Found
from hasten.domain.breaker import FAILURES_TO_OPEN
from hasten.domain.changes import State
from hasten.ports.store import Document, Write
from hasten.provision.drain import drain
from hasten.sole_worker import MAX_WORK_TIME
from tests.fakes.application import FakeApplication
from tests.fakes.directory import JOB, answer
from tests.fakes.memory_store import MemoryStore
from tests.support.app_revocations import WAKE, has_left, world_with
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user

LEAVERS = [user(n) for n in range(90)]
JOINERS = [user(n) for n in range(2000, 2030)]
UNKNOWN = user(1999)
"""Has no account in the app, so that Hasten calls for this person."""


async def retry_after(world: World) -> None:
    refused = replace(answer(status=429), retry_after=timedelta(minutes=10))
    world.directory.answers = lambda _: refused
    await world.joined(ADMIN, *JOINERS)
    await drain(world.context, WAKE)


async def spent_hour(world: World) -> None:
    world.target = world.target.model_copy(update={"max_calls_per_hour": 5})
    await world.joined(ADMIN, *JOINERS)
    await drain(world.context, WAKE)


async def open_breaker(world: World) -> None:
    world.directory.answers = lambda _: answer(status=503)
    await world.joined(ADMIN, *JOINERS)
    await drain(world.context, WAKE, longest=timedelta(seconds=30))
    assert len(world.directory.calls) >= FAILURES_TO_OPEN


async def quarantine(world: World) -> None:
    status = {"code": "Quarantine", "quarantine": {"reason": "EncounteredQuarantineException"}}
    world.directory.job_list = [{"id": JOB, "status": status}]
    await world.joined(ADMIN, *JOINERS)


async def nothing(_: World) -> None:
    pass


@pytest.mark.parametrize("trouble", [nothing, retry_after, spent_hour, open_breaker, quarantine])
@virtual
async def test_access_is_taken_in_the_app_at_its_pace_whatever_the_calls_wait_for(
    trouble: Any,
) -> None:
    world = world_with(calls_per_minute=54)
    await world.is_discovered()
    await trouble(world)
    began = now()

    await has_left(world, *LEAVERS)
    await drain(world.context, WAKE)

    assert now() - began <= MAX_WORK_TIME
    assert all(world.app.active(one) == [False] for one in LEAVERS)
    ended = [await world.row(ENGINEERING, one) for one in LEAVERS]
    assert max(row.finished_at for row in ended if row.finished_at) - began < timedelta(seconds=105)


@virtual
async def test_whom_the_app_does_not_know_is_called_after_the_others_were_taken() -> None:
    world = world_with(calls_per_minute=600)
    await has_left(world, *LEAVERS[:60])
    world.directory.join(ENGINEERING, UNKNOWN)
    await world.left(ENGINEERING, UNKNOWN)

    await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [(UNKNOWN,)]


@dataclass
class Slow(FakeApplication):
    """Takes a second for each search."""

    searched: list[tuple[str, datetime]] = field(default_factory=list)

    async def find(self, value: str) -> Found:
        self.searched.append((value, now()))
        await asyncio.sleep(1)
        return await super().find(value)


class Delayed(CountingStore):
    """Takes a random time for each request."""

    def __init__(self, seed: int) -> None:
        super().__init__(MemoryStore())
        self.random = random.Random(seed)  # noqa: S311 - a schedule, no secret
        self.longest = 0.0

    async def get(self, *which: Any) -> Document | None:
        await asyncio.sleep(self.random.uniform(0, self.longest))
        return await super().get(*which)

    async def scan(self, *which: Any, **how: Any) -> Sequence[Document]:
        await asyncio.sleep(self.random.uniform(0, self.longest))
        return await super().scan(*which, **how)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        await asyncio.sleep(self.random.uniform(0, self.longest))
        return await super().commit(collection, partition, writes)


@pytest.mark.parametrize("longest", [0.05, 0.4])
@pytest.mark.parametrize("seed", [3, 4])
def test_no_call_and_no_work_in_the_app_are_under_way_for_one_person(
    seed: int, longest: float
) -> None:
    """Everybody joins another group, and leaves the first while the call for them begins. With
    other seeds few requests meet."""

    @virtual
    async def run() -> None:
        app, store = Slow(), Delayed(seed)
        world = world_with(app, store=store)
        await world.is_discovered()
        people = [user(n) for n in range(60)]
        world.directory.join(ENGINEERING, *people)
        for one in people:
            app.add(one)
        store.longest = longest
        await world.joined(ADMIN, *people)
        context = world.context
        running = [asyncio.create_task(drain(context, WAKE))]
        for start in range(0, 60, 6):
            await asyncio.sleep(store.random.uniform(0.1, 2))
            await world.left(ENGINEERING, *people[start : start + 6])
            running.append(asyncio.create_task(drain(context, WAKE)))
        await asyncio.gather(*running, return_exceptions=True)

        second = timedelta(seconds=1)
        assert not [
            one
            for one, at in app.searched
            for call in world.directory.calls
            if one in call.users and -second < at - call.at < 3 * second
        ]

    run()


@virtual
async def test_people_whose_turn_comes_after_the_drain_has_ended_are_left_as_they_were() -> None:
    world = world_with(calls_per_minute=1)
    await has_left(world, *LEAVERS[:20])
    began = now()

    await drain(world.context, WAKE, longest=timedelta(seconds=90))

    assert now() - began <= timedelta(seconds=92)
    rows = [await world.row(ENGINEERING, one) for one in LEAVERS[:20]]
    untouched = [row for row in rows if row.state is State.PENDING and row.called_at is None]
    assert len(untouched) == 18
    await drain(world.context, WAKE)
    assert len(world.app.writes) > 2
