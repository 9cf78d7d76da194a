"""A second sweep of a target, or a drain that discovers it again, begins and ends while a first one
waits for the store. What it has recorded stands, whatever the first one saves."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar

import pytest

from hasten.domain.verdicts import Answer
from hasten.errors import Conflict, TemporaryError
from hasten.ports.store import Write
from hasten.provision.drain import drain
from hasten.records import discovered
from hasten.watch.sweep import discover, sweep
from tests.fakes.directory import SERVICE_PRINCIPAL, OnDemand, answer
from tests.fakes.memory_store import MemoryStore
from tests.support.crashing import Killed
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, World, user
from tests.unit.watch.test_assignments import SALES, WAKE

IS_FIRST = ContextVar("is_first", default=False)
USER = user(20)
COMMITS = range(5)
"""Commits of the first sweep before which it waits."""


class Pausing(MemoryStore):
    """The first sweep waits before its commit number `at` until it may `go`, or dies there."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.dies = at, False
        self.waits, self.go = asyncio.Event(), asyncio.Event()

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        await asyncio.sleep(0.001)
        if IS_FIRST.get():
            self.at -= 1
            if self.at < 0:
                if self.dies:
                    raise Killed
                self.waits.set()
                await self.go.wait()
        return await super().commit(collection, partition, writes)


class Tenant(World):
    """USER is assigned to the app through SALES, or directly. `has_access` is what the app has."""

    def __init__(self, at: int, *, is_direct: bool, is_assigned: bool) -> None:
        self.pausing = Pausing(at)
        super().__init__(store=self.pausing)
        self.is_direct, self.is_assigned, self.has_access = is_direct, False, is_assigned
        if is_direct:
            self.directory.assigned[USER] = []
        else:
            self.directory.join(SALES, USER)
        self.directory.answers = self._called
        if is_assigned:
            self.toggle()

    def toggle(self) -> None:
        self.is_assigned = not self.is_assigned
        granted = self.directory.granted[SERVICE_PRINCIPAL]
        granted.clear()
        if self.is_assigned:
            kind, principal = ("User", USER) if self.is_direct else ("Group", SALES)
            self.directory.grant(principal, kind=kind)

    def _called(self, call: OnDemand) -> Answer:
        if call.group is None or self.is_assigned:
            self.has_access = self.is_assigned
        return answer(action="Update" if self.is_assigned else "Disable")

    async def begins(self) -> None:
        for _ in range(2):
            await sweep(self.context)
            await asyncio.sleep(300)

    async def sweeps_first(self) -> None:
        IS_FIRST.set(True)
        with suppress(Conflict, Killed):
            await sweep(self.context)

    async def comes_to_rest(self) -> None:
        for _ in range(4):
            await asyncio.sleep(120)
            await sweep(self.context)
            await drain(self.context, WAKE)
        assert self.has_access is self.is_assigned
        assert await self.ledger.open_changes(TOTAL) == []
        found = await discovered.must_load(self.store, TOTAL)
        assert found.watches(SALES) is (self.is_assigned and not self.is_direct)


CASES = [(False, False, False), (False, True, False), (False, True, True), (True, False, False)]


@pytest.mark.parametrize("at", COMMITS)
@pytest.mark.parametrize(("is_direct", "is_assigned", "changes_last"), CASES)
@virtual
async def test_everybody_ends_with_the_access_that_they_are_assigned(
    is_direct: bool,  # noqa: FBT001 - a case
    is_assigned: bool,  # noqa: FBT001 - a case
    changes_last: bool,  # noqa: FBT001 - a case
    at: int,
) -> None:
    world = Tenant(at, is_direct=is_direct, is_assigned=is_assigned)
    await world.begins()
    world.toggle()
    first = asyncio.create_task(world.sweeps_first())
    waits = asyncio.create_task(world.pausing.waits.wait())
    await asyncio.wait({first, waits}, return_when=asyncio.FIRST_COMPLETED)
    waits.cancel()
    world.toggle()
    await sweep(world.context)
    await drain(world.context, WAKE)
    world.toggle()
    world.pausing.go.set()
    await first
    await drain(world.context, WAKE)
    if changes_last:
        world.toggle()

    await world.comes_to_rest()


@pytest.mark.parametrize("at", COMMITS)
@pytest.mark.parametrize("is_direct", [False, True])
@virtual
async def test_a_sweep_that_died_after_it_recorded_a_removal_leaves_nobody_without_access(
    is_direct: bool,  # noqa: FBT001 - a case
    at: int,
) -> None:
    world = Tenant(at, is_direct=is_direct, is_assigned=True)
    world.pausing.dies = True
    await world.begins()
    world.toggle()
    await asyncio.create_task(world.sweeps_first())
    await drain(world.context, WAKE)
    world.toggle()

    await world.comes_to_rest()


@virtual
async def test_a_drain_that_discovers_the_target_beside_a_sweep_tries_again_later() -> None:
    world = Tenant(99, is_direct=False, is_assigned=True)
    await world.begins()
    world.toggle()

    ends = await asyncio.gather(
        *(discover(world.context, world.target) for _ in range(2)), return_exceptions=True
    )

    assert [type(end) for end in ends if isinstance(end, Exception)] == [TemporaryError]
