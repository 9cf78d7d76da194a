"""How many requests it takes: new members wait for company, removals for nobody."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from random import Random

import pytest

from hasten.domain.intents import Wanted
from hasten.ensure.run import ensure
from hasten.errors import TemporaryError
from hasten.messages import Ensure
from hasten.ports.bus import ENSURE
from tests.support.delivery import deliver
from tests.support.ensuring import EnsureQueue, Onboarding, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


@virtual
async def test_a_new_member_waits_a_second_for_company_without_a_read() -> None:
    world = await world_with(user(1))
    await world.wants(ENGINEERING, user(1), age=0)
    started = now()

    await world.ensures()

    assert now() - started == timedelta(seconds=1)
    assert world.bus.of(ENSURE) == []
    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_twenty_new_members_wait_for_nobody() -> None:
    users = [user(n) for n in range(25)]
    world = await world_with(*users)
    await world.wants(ENGINEERING, *users, age=0)

    working = asyncio.create_task(world.ensures())
    await asyncio.sleep(0.5)

    assert len(await world.members(ENGINEERING)) == 20
    await working
    assert len(await world.members(ENGINEERING)) == 25


@virtual
async def test_a_revocation_does_not_wait_while_new_members_wait_for_company() -> None:
    world = await world_with(user(1), user(2))
    world.directory.join(ENGINEERING, user(2))
    await world.wants(ENGINEERING, user(1), age=0)
    context = world.context
    working = asyncio.create_task(ensure(context, Ensure(target=TOTAL)))
    await asyncio.sleep(0.2)
    await world.wants(ENGINEERING, user(2), wanted=Wanted.ABSENT, age=0)

    await ensure(context, Ensure(target=TOTAL))
    await asyncio.sleep(0.2)

    assert await world.members(ENGINEERING) == frozenset()
    await working


class Busy:
    """Refuses some of the writes."""

    def __init__(self, world: Onboarding, rate: float) -> None:
        self._random = Random(1)  # noqa: S311 - the same on every run
        self._write = world.directory.add_members
        self._rate = rate
        self.refused = 0
        world.directory.add_members = self._add  # type: ignore[method-assign]

    async def _add(self, group: str, members: Sequence[str]) -> None:
        if self._random.random() < self._rate:
            self.refused += 1
            raise TemporaryError("Graph answered 429", timedelta(seconds=3))
        await self._write(group, members)


@pytest.mark.parametrize(("events", "rate"), [(400, 0), (200, 0.1), (200, 0.3)])
@virtual
async def test_events_for_one_group_cost_one_write_for_twenty_and_few_more(
    events: int, rate: float
) -> None:
    users = [user(n) for n in range(events)]
    world = await world_with(*users)
    busy, queue, delivered = Busy(world, rate), EnsureQueue(world), 0
    context = world.context

    async def events_arrive() -> None:
        for joining in users:
            await world.wants(ENGINEERING, joining, age=0)
            message = Ensure(target=TOTAL).message(f"event:{now().timestamp():.1f}")
            await world.bus.send(ENSURE, [message])
            await asyncio.sleep(0.02)

    arriving = asyncio.create_task(events_arrive())
    while not arriving.done() or await world.intents.open_intents(TOTAL):
        for _ in range(queue.take()):
            delivered += 1
            await deliver(context, partial(ensure, context), Ensure(target=TOTAL))
        await asyncio.sleep(0.01)

    assert len(await world.members(ENGINEERING)) == events
    assert world.directory.writes["add_members"] <= events / 20 + 5
    assert len(await world.ledger.open_changes(TOTAL)) == events
    assert delivered < events * 0.4
    assert (busy.refused > 0) is (rate > 0)


@virtual
async def test_more_than_a_run_may_take_is_gone_on_with_by_another_message() -> None:
    users = [user(n) for n in range(250)]
    world = await world_with(*users)
    world.target = world.target.model_copy(
        update={"brake_removals": 250, "brake_target_removals": 250}
    )
    world.directory.join(ENGINEERING, *users)
    await world.wants(ENGINEERING, *users, wanted=Wanted.ABSENT)
    remove = world.directory.remove_member

    async def slowly(group: str, member: str) -> bool:
        await asyncio.sleep(1.5)
        return await remove(group, member)

    world.directory.remove_member = slowly  # type: ignore[method-assign]

    await world.ensures()

    assert len(await world.intents.open_intents(TOTAL)) == 50
    assert len(world.bus.of(ENSURE)) == 1
    await world.ensures()
    assert await world.members(ENGINEERING) == set()


@virtual
async def test_revocations_go_before_grants_whatever_came_first() -> None:
    world = await world_with(user(1))
    world.directory.join(ADMIN, user(2))
    await world.wants(ENGINEERING, user(1), age=50)
    await world.wants(ADMIN, user(2), wanted=Wanted.ABSENT)

    await world.ensures()

    assert list(world.directory.writes) == ["remove_member", "add_members"]
