"""Rows that ended under the old name of a target move to the new one: what they ended as is not
told once more."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, Cause, HeldBy, State, finished
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.records import kept_memberships
from hasten.watch.sweep import sweep
from tests.support.renaming import JOINER, NEW, OLD, known, of
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize(
    "state", [State.SUCCEEDED, State.CONFIRMED, State.LEFT_TO_CYCLE, State.FAILED]
)
def test_an_end_is_told_once(state: State, *, is_kept: bool) -> None:
    @virtual
    async def run() -> None:
        world = await known()
        row = found(ENGINEERING, JOINER, Action.REMOVED, 1)
        ended = replace(finished(row, state, now=now()), causes=(Cause("/hr", "1"),))
        await world.ledger.record([replace(ended, needs_proof=not is_kept)])
        if is_kept:
            await kept_memberships.noting(world.store, TOTAL, JOINER, [ENGINEERING], now())([])
        await asyncio.sleep(timedelta(hours=1).total_seconds())
        await sweep(of(world, OLD))
        await world.outbox.flush(OLD.name)
        said = [one.body for one in world.bus.of(PROVISIONING_OUTCOMES)]
        assert said

        await sweep(of(world, NEW))
        await sweep(of(world, NEW))
        await world.outbox.flush(NEW.name)

        moved = await world.ledger.find(NEW.name, ENGINEERING, JOINER)
        assert moved is not None
        assert moved.state is state
        assert [one.body for one in world.bus.of(PROVISIONING_OUTCOMES)] == said
        failed = await world.ledger.failed_changes(NEW.name, now() - timedelta(days=1))
        assert failed == ([moved] if state is State.FAILED else [])

    run()


@pytest.mark.parametrize(
    "causes", [(), (Cause("/hr", "theirs"),), (Cause("/hr", "ours"), Cause("/hr", "theirs"))]
)
@virtual
async def test_an_end_that_takes_the_place_of_what_observe_mode_holds_is_told_to_new_events_only(
    causes: tuple[Cause, ...],
) -> None:
    world = await known()
    row = found(ENGINEERING, JOINER, Action.ADDED, 1)
    theirs = replace(row, causes=(Cause("/hr", "theirs"),))
    await world.ledger.record(
        [replace(finished(theirs, State.SUCCEEDED, now=now()), needs_proof=True)]
    )
    held = replace(row, target=NEW.name, state=State.HELD, held_by=HeldBy.OBSERVE, causes=causes)
    await world.ledger.record([held])
    await sweep(of(world, OLD))
    await world.outbox.flush(OLD.name)
    before = len(world.bus.of(PROVISIONING_OUTCOMES))

    for _ in range(2):
        await sweep(of(world, NEW))
        await world.outbox.flush(NEW.name)

    moved = await world.ledger.find(NEW.name, ENGINEERING, JOINER)
    assert moved is not None
    assert moved.state is State.SUCCEEDED
    told = [one.body["data"]["causes"] for one in world.bus.of(PROVISIONING_OUTCOMES)[before:]]
    assert told == ([[{"source": "/hr", "id": "ours"}]] if len(causes) > 1 else [])


@virtual
async def test_that_a_change_was_replaced_while_it_moved_is_told_once() -> None:
    world = await known()
    joined = found(ENGINEERING, JOINER, Action.ADDED, 1)
    await world.ledger.record([joined])
    await world.ledger.record([replace(joined, target=NEW.name)])  # a sweep has copied it
    await world.ledger.record([found(ENGINEERING, JOINER, Action.REMOVED, 2)])

    for target in (OLD, NEW, NEW):
        await sweep(of(world, target))
        await world.outbox.flush(target.name)

    told = world.bus.of(PROVISIONING_OUTCOMES)
    replaced = {one.message_id for one in told if one.properties["result"] == "superseded"}
    assert len(replaced) == 1
