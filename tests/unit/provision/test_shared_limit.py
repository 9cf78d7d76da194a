"""The drains of two targets on one store, and the limit that they may share."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.context import Context
from hasten.domain.breaker import Breaker
from hasten.domain.pacing import Pace
from hasten.domain.shared_pace import CLAIM_OUTLASTS_WAIT, PACED_WINDOW, SHARED_FOR, LimitScope
from hasten.limits import CALLS_PER_WINDOW, MAX_MEMBERS_PER_CALL
from hasten.messages import Wake
from hasten.ports.store import Document
from hasten.provision.drain import drain
from hasten.provision.shared_limit import SharedLimit
from hasten.records import call_window, shared_window
from hasten.records.call_window import open_window
from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from hasten.targets import Mode, Target
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, World, user

A, B = "A", "B"


def context(
    world: World, scope: LimitScope = LimitScope.AUTO, *, other: Mode = Mode.ACT
) -> Context:
    targets = (Target(name=A, display_name=A), Target(name=B, display_name=B, mode=other))
    return Context(world.context.settings, targets, world, limit_scope=scope)


def drains(world: World, scope: LimitScope = LimitScope.AUTO) -> tuple[SharedLimit, SharedLimit]:
    """On two instances."""
    return SharedLimit(context(world, scope), A), SharedLimit(context(world, scope), B)


async def taken(limit: SharedLimit, *, is_removal: bool = False, times: int = 1) -> int:
    got = [await limit.take(is_removal=is_removal, more_removals=False) for _ in range(times)]
    return sum(got)


async def called(world: World, target: str, times: int) -> None:
    lease = await acquire(world.store, target, WorkKind.DRAIN, owner=target, now=world.now)
    assert lease is not None
    window = await open_window(lease, None, max_calls_per_hour=None)
    for _ in range(times):
        await window.call(world.now, [])
    await lease.release(although_marked=True)


async def refuse(world: World, limit: SharedLimit, *, is_removal: bool = False) -> None:
    await called(world, limit.target, 1)
    own, _ = await call_window.load(world.store, limit.target)
    until = now() + timedelta(seconds=1)
    await limit.throttled(own, sent_at=now(), until=until, is_removal=is_removal)


async def stored_since(world: World) -> datetime | None:
    pace, _ = await shared_window.load(world.store)
    return pace.since


@virtual
async def test_two_drains_take_five_slots_together() -> None:
    a, b = drains(World(), LimitScope.TENANT)

    assert await taken(a, times=3) == 3
    assert await taken(b, times=3) == 2
    assert await taken(a) == 0
    assert b.used(now()) == CALLS_PER_WINDOW


@virtual
async def test_drains_that_ask_at_one_moment_take_no_slot_twice() -> None:
    a, b = drains(World(), LimitScope.TENANT)

    got = await asyncio.gather(taken(a, times=4), taken(b, times=4))

    assert sum(got) == CALLS_PER_WINDOW


@virtual
async def test_a_revocation_that_finds_no_slot_gets_the_next_one() -> None:
    a, b = drains(World(), LimitScope.TENANT)
    await taken(b, times=CALLS_PER_WINDOW)

    assert await taken(a, is_removal=True) == 0
    await asyncio.sleep(PACED_WINDOW.total_seconds() + 1)
    assert await taken(b) == 0
    assert await taken(a, is_removal=True) == 1
    assert await taken(b) == 1


@virtual
async def test_a_drain_that_dies_with_a_claim_holds_up_the_others_for_seconds() -> None:
    a, b = drains(World(), LimitScope.TENANT)
    await taken(b, times=CALLS_PER_WINDOW)
    await taken(a, is_removal=True)

    await asyncio.sleep((PACED_WINDOW + CLAIM_OUTLASTS_WAIT).total_seconds())

    assert await taken(b) == 1


@virtual
async def test_a_refused_call_that_others_explain_makes_all_drains_share() -> None:
    world = World()
    a, b = drains(world)
    await called(world, B, CALLS_PER_WINDOW)

    await refuse(world, a)

    assert world.results("limit") == ["shared"]
    assert await taken(b) == 0
    assert b.is_shared
    await asyncio.sleep(PACED_WINDOW.total_seconds() + 1)
    assert await taken(b, times=6) == CALLS_PER_WINDOW


@virtual
async def test_a_revocation_that_was_refused_is_the_first_call_of_the_shared_window() -> None:
    world = World()
    a, b = drains(world)
    await called(world, B, CALLS_PER_WINDOW)

    await refuse(world, a, is_removal=True)

    await asyncio.sleep(PACED_WINDOW.total_seconds() + 2)
    assert await taken(b) == 0
    assert await taken(a, is_removal=True) == 1


@virtual
async def test_a_refused_call_without_calls_of_others_changes_nothing() -> None:
    world = World()
    a, _ = drains(world)
    await called(world, B, 2)

    await refuse(world, a)

    assert (world.results("limit"), await stored_since(world)) == ([], None)
    assert await taken(a, times=9) == 9


@virtual
async def test_the_scope_target_and_a_target_alone_keep_no_shared_window() -> None:
    world = World()
    by_setting = SharedLimit(context(world, LimitScope.TARGET), A)
    alone = SharedLimit(context(world, LimitScope.TENANT, other=Mode.OBSERVE), A)
    await called(world, B, CALLS_PER_WINDOW)

    for limit in (by_setting, alone):
        await refuse(world, limit)
        assert await taken(limit, times=9) == 9

    assert (await shared_window.load(world.store))[1] is None


@virtual
async def test_a_process_of_the_deployment_before_counts_no_target_that_is_new() -> None:
    world = World()
    old = SharedLimit(context(world, LimitScope.TENANT, other=Mode.OBSERVE), A)
    a, b = drains(world, LimitScope.TENANT)

    assert await taken(old, times=CALLS_PER_WINDOW) == CALLS_PER_WINDOW
    assert [await taken(b, times=9), await taken(a)] == [CALLS_PER_WINDOW, 0]


@virtual
async def test_a_429_while_they_share_holds_all_of_them() -> None:
    a, b = drains(World(), LimitScope.TENANT)

    until = now() + timedelta(seconds=40)
    await a.throttled(Pace(), sent_at=now(), until=until, is_removal=False)

    assert await taken(b, is_removal=True) == 0
    assert b.free_at(now()) == until


@virtual
async def test_after_a_day_each_target_paces_itself_again() -> None:
    world = World()
    a, b = drains(world)
    await called(world, B, CALLS_PER_WINDOW)
    await refuse(world, a)

    await asyncio.sleep(SHARED_FOR.total_seconds())

    assert await taken(b, times=9) == 9
    assert await taken(a, times=9) == 9
    assert world.results("limit") == ["shared", "separate"]
    assert await stored_since(world) is None


@virtual
async def test_a_call_that_left_late_counts_from_then_on_for_all() -> None:
    a, b = drains(World(), LimitScope.TENANT)
    await taken(a, times=CALLS_PER_WINDOW)
    await asyncio.sleep(2)
    await a.departed()
    left = now()

    await asyncio.sleep(PACED_WINDOW.total_seconds() - 1)
    assert await taken(b, times=5) == CALLS_PER_WINDOW - 1
    assert b.free_at(now()) >= left + PACED_WINDOW


@virtual
async def test_the_breaker_of_a_target_is_not_shared() -> None:
    world = World()
    await called(world, A, 1)

    _, breaker = await call_window.load(world.store, B)

    assert breaker == Breaker()


@virtual
async def test_the_grants_of_no_target_starve_although_the_clocks_differ() -> None:
    """A process sees its own calls without the margin for other clocks, so it is always first."""
    a, b = drains(World(), LimitScope.TENANT)
    assert a.context.process != b.context.process
    assert await taken(a, times=5) == CALLS_PER_WINDOW

    got = [0, 0]
    for _ in range(600):
        got = [got[0] + await taken(a), got[1] + await taken(b)]
        await asyncio.sleep(0.1)

    assert got[1] >= 2 * CALLS_PER_WINDOW
    assert sum(got) >= 4 * CALLS_PER_WINDOW


class Scanning(CountingStore):
    """Counts the documents that scans return."""

    scanned = 0

    async def scan(self, *which: Any, **how: Any) -> Sequence[Document]:
        found = await super().scan(*which, **how)
        self.scanned += len(found)
        return found


async def drained_with(scope: LimitScope, monkeypatch: pytest.MonkeyPatch) -> Scanning:
    monkeypatch.setattr(Context, "limit_scope_of", lambda *_: scope)
    store = Scanning(MemoryStore())
    world = World(store=store)
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(400)))
    store.scanned = 0
    await drain(world.context, Wake(target=world.target.name))
    assert len(world.directory.calls) == 400 / MAX_MEMBERS_PER_CALL
    return store


@virtual
async def test_waiting_for_a_slot_that_is_shared_reads_the_rows_a_few_times_more_often_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = await drained_with(LimitScope.TARGET, monkeypatch)
    together = await drained_with(LimitScope.TENANT, monkeypatch)

    assert together.scanned <= 6 * alone.scanned


@virtual
async def test_a_revocation_whose_wake_leaves_a_mark_claims_the_next_slot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another target has joiners enough for every slot."""
    monkeypatch.setattr(Context, "limit_scope_of", lambda *_: LimitScope.TENANT)
    world = World()
    await world.is_discovered()
    leaver = user(9000)
    world.directory.join(ADMIN, leaver)
    await world.joined(ENGINEERING, *(user(n) for n in range(400)))
    here = world.context
    running = asyncio.create_task(drain(here, Wake(target=world.target.name)))
    await asyncio.sleep(1.5)
    began = now()

    await world.left(ADMIN, leaver)
    await drain(here, Wake(target=world.target.name))
    await asyncio.sleep(1)

    pace, _ = await shared_window.load(world.store)
    assert world.target.name in pace.claims
    await running
    [at] = [call.at for call in world.directory.calls if call.users == (leaver,)]
    assert at - began <= PACED_WINDOW
