"""A target gets a new name while somebody whose account was disabled is granted access again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.row_states import finished
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING, Message
from hasten.provision.drain import drain
from hasten.records import kept_memberships
from hasten.watch.sweep import sweep
from tests.fakes.directory import JOB
from tests.support.crashing import CrashingStore, killed_at
from tests.support.renaming import JOINER, NEW, OLD, known, of
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user

STEPS = range(6, 13)
"""The writes of the sweep of the new name, from the one that makes the target known."""


@pytest.mark.parametrize("step", STEPS)
@virtual
async def test_the_group_that_was_left_is_returned_to_wherever_the_sweep_dies(step: int) -> None:
    """A drain of the new name comes before the next sweep."""
    store = CrashingStore()
    world = await known(store)
    world.directory.groups = [ENGINEERING, ADMIN]
    await sweep(of(world, OLD))
    ended = finished(found(ENGINEERING, JOINER, Action.REMOVED, 1), State.SUCCEEDED, now=now())
    world.directory.join(ADMIN, JOINER)
    await world.ledger.record([ended, found(ADMIN, JOINER, Action.ADDED, 1)])
    await kept_memberships.noting(store, TOTAL, JOINER, [ENGINEERING], now())([])
    await asyncio.sleep(60)

    with killed_at(step, store):
        await sweep(of(world, NEW))
    for _ in range(3):
        await drain(of(world, NEW), Wake(target=NEW.name))
        await asyncio.sleep(120)
        await sweep(of(world, NEW))

    row = await world.ledger.find(NEW.name, ENGINEERING, JOINER)
    assert row is not None
    assert (row.state, row.keeps_assignment) == (State.LEFT_TO_CYCLE, True)


@pytest.mark.parametrize(
    ("is_known", "others", "needs_proof"),
    [(True, 0, False), (True, 100, True), (False, 0, True), (False, 0, False)],
)
def test_a_grant_under_the_new_name_returns_to_the_group_while_the_rows_still_move(
    *, is_known: bool, others: int, needs_proof: bool
) -> None:
    """The old name knows of the grant, or the first sweep of the new one finds it. Each wake is
    handled at once. The open rows take more than one write."""

    @virtual
    async def run() -> None:
        world = await known()
        if not is_known:
            world.directory.groups = [ENGINEERING, ADMIN]
        world.directory.join(ADMIN, JOINER)
        left = found(ENGINEERING, JOINER, Action.REMOVED, 1)
        ended = replace(left, state=State.CONFIRMED, finished_at=now(), needs_proof=needs_proof)
        joiners = [*(user(number) for number in range(100, 100 + others)), JOINER]
        await world.ledger.record([ended])
        await world.ledger.record(
            [found(ADMIN, one, Action.ADDED, 2) for one in joiners if is_known or one != JOINER]
        )
        await kept_memberships.noting(world.store, TOTAL, JOINER, [ENGINEERING], now())([])
        send = world.bus.send

        async def sends(queue: str, messages: Sequence[Message]) -> None:
            await send(queue, messages)
            if queue == PROVISIONING and messages[0].body["target"] == "NEW":
                await drain(of(world, NEW), Wake(target="NEW"))

        world.bus.send = sends  # type: ignore[method-assign]
        for _ in range(2):
            await sweep(of(world, NEW))

        calls = [call.group for call in world.directory.calls if JOINER in call.users]
        row = await world.ledger.find("NEW", ENGINEERING, JOINER)
        assert calls[0] == ADMIN
        assert row is not None
        assert row.state is not State.CONFIRMED
        assert await kept_memberships.load_all(world.store, TOTAL) == []

    run()


@pytest.mark.parametrize(
    ("days", "has_run", "moves"),
    [(0.9, True, True), (1.1, True, False), (1.1, False, True), (30, False, True)],
)
def test_a_membership_that_no_cycle_has_ended_moves_however_old_it_is(
    days: float, *, has_run: bool, moves: bool
) -> None:
    """An administrator has paused the job."""

    @virtual
    async def run() -> None:
        world = await known()
        if has_run:
            at = (now() + timedelta(minutes=3)).isoformat()
        else:
            at = (now() - timedelta(hours=1)).isoformat()
        ended = finished(found(ENGINEERING, JOINER, Action.REMOVED, 1), State.SUCCEEDED, now=now())
        await world.ledger.record([ended])
        await kept_memberships.noting(world.store, TOTAL, JOINER, [ENGINEERING], now())([])
        cycle = {"timeBegan": at, "timeEnded": at}
        status = {"code": "Paused", "lastExecution": cycle, "lastSuccessfulExecution": cycle}
        world.directory.job_list = [{"id": JOB, "status": status}]
        await asyncio.sleep(days * 86_400)
        await sweep(of(world, OLD))

        await sweep(of(world, NEW))
        await sweep(of(world, NEW))

        there = [one.user for one in await kept_memberships.load_all(world.store, NEW.name)]
        assert (there == [JOINER]) == moves
        assert await world.ledger.find(NEW.name, ENGINEERING, JOINER) is not None

    run()
