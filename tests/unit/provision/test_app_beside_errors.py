"""What stops the calls of a drain, such as a read that fails, stops nothing in the app. People who
wait for the app make no further reads of Graph meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.app_account import Found
from hasten.domain.breaker import FAILURES_TO_OPEN
from hasten.domain.changes import State
from hasten.domain.row_states import finished, waiting
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.drain import drain
from hasten.provision.triage import UNREADABLE_USER_PAUSE
from hasten.provision.unread_people import PROBES
from hasten.provision.wait_for_app import APP_PAUSE
from tests.fakes.application import FakeApplication
from tests.fakes.directory import FakeDirectory, answer
from tests.support.app_revocations import WAKE, has_left, world_with
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user

LEAVERS = [user(n) for n in range(40)]
UNREAD, JOINER, UNKNOWN = user(500), user(501), user(502)
BUSY = TemporaryError("Graph answered 503", timedelta(seconds=30))
FORBIDDEN = PermanentError("Graph answered 403", "grant Synchronization.Read.All")


def fails(world: World, what: str, error: Exception) -> None:
    async def asked(*_: Any, **__: Any) -> None:
        raise error

    setattr(world.directory, what, asked)


async def busy_job(world: World) -> None:
    fails(world, "job", BUSY)


async def forbidden_job(world: World) -> None:
    fails(world, "job", FORBIDDEN)


async def gone_job(world: World) -> None:
    world.directory.job_list = []
    fails(world, "jobs", BUSY)
    fails(world, "service_principal", BUSY)


@pytest.mark.parametrize("trouble", [busy_job, forbidden_job, gone_job])
@virtual
async def test_access_is_taken_in_the_app_though_a_joiner_waits_for_a_read_that_fails(
    trouble: Callable[[World], Awaitable[None]],
) -> None:
    world = world_with()
    await has_left(world, *LEAVERS)
    await world.joined(ADMIN, JOINER)
    await trouble(world)

    with pytest.raises((TemporaryError, PermanentError)):
        await drain(world.context, WAKE)

    assert [world.app.active(one) for one in LEAVERS] == [[False]] * len(LEAVERS)
    assert now() - START < timedelta(seconds=10)
    assert world.directory.calls == []


@virtual
async def test_whom_the_app_cannot_settle_is_called_meanwhile() -> None:
    world = world_with()
    await has_left(world, *LEAVERS)
    world.directory.join(ENGINEERING, UNKNOWN)
    await world.left(ENGINEERING, UNKNOWN)
    await world.joined(ADMIN, JOINER)
    await busy_job(world)

    with pytest.raises(TemporaryError):
        await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [(UNKNOWN,)]


@dataclass
class Unread(FakeDirectory):
    """Graph returns neither the assignments of UNREAD nor those of JOINER."""

    read: list[str] = field(default_factory=list)

    async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
        self.read.append(user)
        if user in {UNREAD, JOINER}:
            raise BUSY
        return await super().assigned_through(user, service_principal)


@pytest.mark.parametrize("count", [0, 40])
@virtual
async def test_an_outage_of_graph_for_two_people_delays_nobody_in_the_app(count: int) -> None:
    """Whoever is read for the app shows that Graph has no outage: then the joiner is called too."""
    world = world_with()
    world.directory = Unread(groups=[ENGINEERING, ADMIN])
    await has_left(world, UNREAD)
    while (await world.row(ENGINEERING, UNREAD)).unread_since is None:
        await drain(world.context, WAKE)
        await asyncio.sleep(30)
    await world.joined(ADMIN, JOINER)
    await has_left(world, *LEAVERS[:count])

    if count:
        await drain(world.context, WAKE, longest=timedelta(seconds=10))
    else:
        with pytest.raises(TemporaryError):
            await drain(world.context, WAKE)

    assert [world.app.active(one) for one in LEAVERS[:count]] == [[False]] * count
    assert [call.users for call in world.directory.calls] == ([(JOINER,)] if count else [])


@pytest.mark.parametrize("hangs", [False, True])
@virtual
async def test_while_the_app_is_busy_an_outage_costs_few_reads_of_joiners(*, hangs: bool) -> None:
    class Out(Unread):
        async def assigned_through(self, user: str, service_principal: str) -> Sequence[str] | None:
            self.read.append(user)
            await asyncio.sleep(97 if hangs else 0)
            raise BUSY

    world = world_with(calls_per_minute=6)
    directory = world.directory = Out(groups=[ENGINEERING, ADMIN])
    await has_left(world, UNREAD, *LEAVERS[:20])
    unread = [await world.row(ENGINEERING, UNREAD)]
    waits = waiting(unread[0], due_at=now() + timedelta(hours=1), reason="Graph answered 503")
    await world.ledger.move(unread, lambda _: replace(waits, unread_since=now()))
    await world.joined(ADMIN, *(user(n) for n in range(600, 630)))

    await drain(world.context, WAKE, longest=timedelta(minutes=2))

    reads = [one for one in directory.read if one >= user(600)]
    assert PROBES <= len(reads) <= PROBES * timedelta(minutes=2) / UNREADABLE_USER_PAUSE
    assert world.directory.calls == []


@dataclass
class Down(FakeApplication):
    """Answers nobody, until `until`."""

    until: datetime = START + timedelta(hours=2)
    asked: list[datetime] = field(default_factory=list)

    async def find(self, value: str) -> Found:
        self.asked.append(now())
        if now() < self.until:
            raise TemporaryError("the app did not answer", timedelta(seconds=5))
        return await super().find(value)


async def with_open_breaker(app: Down) -> World:
    """The joiners whose calls failed have ended since."""
    world = world_with(app)
    world.directory = Unread(groups=[ENGINEERING, ADMIN])
    world.directory.answers = lambda _: answer(status=503)
    await world.is_discovered()
    await world.joined(ADMIN, *(user(n) for n in range(600, 630)))
    await drain(world.context, WAKE, longest=timedelta(seconds=30))
    assert len(world.directory.calls) == FAILURES_TO_OPEN
    for row in await world.ledger.open_changes(WAKE.target):
        await world.ledger.move([row], lambda row: finished(row, State.DONE_BY_CYCLE, now=now()))
    return world


@virtual
async def test_who_waits_for_the_app_is_no_probe_of_the_breaker_and_is_asked_for_on_time() -> None:
    """A plan for them would only read Graph, and postpone them, again and again."""
    app = Down()
    world = await with_open_breaker(app)
    await has_left(world, *LEAVERS[:3])
    for one in LEAVERS[:3]:
        world.directory.disable(one)
    app.asked.clear()
    began = now()

    while now() - began < timedelta(minutes=30):
        await drain(world.context, WAKE)
        await asyncio.sleep(15)

    assert isinstance(world.directory, Unread)
    assert len(world.directory.read) <= 3 * 6 * 2
    tries = [at - began for at in app.asked][12:]
    assert len(tries) >= 3 * 5
    assert max(b - a for a, b in zip(tries, tries[3:], strict=False)) <= APP_PAUSE * 1.2


@virtual
async def test_who_is_due_later_is_served_in_the_app_while_the_calls_wait() -> None:
    app = Down()
    world = world_with(app)
    world.directory.answers = lambda _: answer(status=503)
    await has_left(world, LEAVERS[0])
    await drain(world.context, WAKE, longest=timedelta(seconds=0.5))
    await world.joined(ADMIN, *(user(n) for n in range(600, 630)))
    due = (await world.row(ENGINEERING, LEAVERS[0])).due_at
    assert due > now()
    app.until = now()

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, LEAVERS[0])
    assert row.finished_at is not None
    assert row.finished_at - due <= timedelta(seconds=2)
