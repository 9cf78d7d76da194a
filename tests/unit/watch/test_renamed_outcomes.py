"""Rows that ended under the old name of a target move to the new one: what they ended as is not
told once more."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, Cause, Change, HeldBy, State
from hasten.domain.row_states import finished
from hasten.errors import TemporaryError
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.records import discovered, kept_memberships
from hasten.records.ledger_keys import FAILED_PREFIX, LEDGER_COLLECTION, PROOF_PREFIX
from hasten.watch.hand_over import LEFT_LATELY
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore
from tests.support.renaming import JOINER, MEMBER, NEW, OLD, a_group_is_unassigned, known, of, rows
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


@virtual
async def test_who_may_still_have_access_is_known_under_the_new_name_for_as_long() -> None:
    world = await known()
    row = found(ENGINEERING, JOINER, Action.REMOVED, 1)
    failed = finished(row, State.FAILED, now=now(), reason="the app refuses it")
    await world.ledger.record([failed])
    await asyncio.sleep(timedelta(days=2).total_seconds())
    await sweep(of(world, OLD))

    for _ in range(2):
        await sweep(of(world, NEW))

    [known_failure] = await world.ledger.failed_changes(NEW.name, now())
    assert known_failure == replace(failed, target=NEW.name)
    assert await world.ledger.find(OLD.name, ENGINEERING, JOINER) is None
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == 2  # of the change, and of the person


@virtual
async def test_a_change_that_ends_while_it_is_read_moves_as_it_has_ended() -> None:
    world = await known()
    await world.ledger.record([found(ENGINEERING, JOINER, Action.REMOVED, 1)])
    scan = world.store.scan

    async def scanning(
        collection: str, partition: str, prefix: str = "", *more: Any, **by: Any
    ) -> Any:
        if prefix == PROOF_PREFIX and partition == OLD.name:
            world.store.scan = scan  # type: ignore[method-assign]
            opened = await world.ledger.open_changes(OLD.name)
            await world.ledger.move(opened, ended)
        return await scan(collection, partition, prefix, *more, **by)

    def ended(row: Change) -> Change:
        return replace(finished(row, State.SUCCEEDED, now=now()), needs_proof=True)

    world.store.scan = scanning  # type: ignore[method-assign]
    await sweep(of(world, NEW))

    assert await rows(world, OLD.name, NEW.name) == []
    [moved] = await world.ledger.unproven_changes(NEW.name)
    assert moved.state is State.SUCCEEDED


@virtual
async def test_an_event_is_told_how_a_newer_change_of_the_same_kind_has_ended() -> None:
    world = await known()
    waits = found(ENGINEERING, JOINER, Action.REMOVED, 1)
    await world.ledger.record([replace(waits, causes=(Cause("/hr", "1"),))])
    newer = replace(waits, target=NEW.name, origin=2, causes=(Cause("/hr", "2"),))
    await world.ledger.record([finished(newer, State.CONFIRMED, now=now())])

    for _ in range(2):
        await sweep(of(world, NEW))
        await world.outbox.flush(NEW.name)

    told = {one.message_id: one.body["data"] for one in world.bus.of(PROVISIONING_OUTCOMES)}
    said = sorted((one["causes"][0]["id"], one["result"]) for one in told.values())
    assert said == [("1", "confirmed"), ("2", "confirmed")]


@virtual
async def test_an_outcome_waits_for_service_bus_longer_than_the_old_name_is_known() -> None:
    world = await known()
    row = found(ENGINEERING, JOINER, Action.REMOVED, 1)
    await world.ledger.record([finished(row, State.CONFIRMED, now=now())])
    world.bus.down = True
    for _ in range(2):
        with pytest.raises(TemporaryError):
            await sweep(of(world, NEW))
        await asyncio.sleep(LEFT_LATELY.total_seconds())
    world.bus.down = False

    await sweep(of(world, NEW))

    [told] = world.bus.of(PROVISIONING_OUTCOMES)
    assert told.body["data"]["target"] == OLD.name
    assert await discovered.load_left(world.store) == []


@virtual
async def test_an_event_is_told_that_a_sweep_under_the_new_name_found_the_opposite() -> None:
    world = await known()
    joined = found(ENGINEERING, MEMBER, Action.ADDED, 1)
    await world.ledger.record([replace(joined, causes=(Cause("/hr", "1"),))])
    a_group_is_unassigned(world)

    for _ in range(2):
        await sweep(of(world, NEW))

    assert await rows(world, TOTAL, "NEW") == [("NEW", ENGINEERING, MEMBER, Action.REMOVED)]
    [told] = world.bus.of(PROVISIONING_OUTCOMES)
    assert (told.body["data"]["result"], told.body["data"]["target"]) == ("superseded", TOTAL)


@virtual
async def test_removals_that_failed_are_read_until_they_have_moved_and_not_for_longer() -> None:
    store = CrashingStore()
    world = await known(store)
    failed = found(ENGINEERING, JOINER, Action.REMOVED, 1)
    await world.ledger.record([finished(failed, State.FAILED, now=now())])
    for _ in range(2):
        await sweep(of(world, NEW))

    assert not [*store.documents(LEDGER_COLLECTION, OLD.name, FAILED_PREFIX)]
    assert len(await world.ledger.failed_changes(NEW.name, now())) == 1


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
