"""An offboarding of somebody whom Graph no longer shows as assigned, and whose removal in the app
has not ended well: the event ends as the removal does."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Cause, Change, HeldBy, State
from hasten.domain.follow_ups import CALLBACK_MAX_WAIT
from hasten.errors import Conflict
from hasten.onboard import join_unfinished
from hasten.onboard.follow_up import do_due
from hasten.operate.rows_of_person import rows_of_person
from hasten.ports.bus import ONBOARDING_EVENTS, PROVISIONING
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from tests.fakes.memory_store import MemoryStore
from tests.support.lifecycle import CALLBACK
from tests.support.posting import OFFBOARD, Posting, event, ref, total
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user

CAUSE = Cause("/hr", "1")
OPEN = [State.PENDING, State.WAITING, State.CALLING, State.HELD]
ENDED_WELL = [State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC, State.DONE_BY_CYCLE]


async def left(
    state: State, *, group: str = ENGINEERING, action: Action = Action.REMOVED
) -> Posting:
    """Somebody who was taken out by hand before the event comes."""
    world = Posting()
    await world.is_discovered()
    held_by = HeldBy.BRAKE if state is State.HELD else None
    row = replace(found(group, user(1), action, 1), state=state, reason="why", held_by=held_by)
    await world.ledger.record([row])
    return world


async def offboarded(world: Posting, **data: Any) -> Change:
    """The row after both looks at the event."""
    [before] = await rows(world)
    await world.posts(event(OFFBOARD, users=[ref(1)], **data))
    await world.looks_again()
    return await world.row(before.group, user(1))


async def rows(world: Posting) -> list[Change]:
    known = [
        await world.ledger.find(TOTAL, group, user(1))
        for group in (ENGINEERING, ADMIN, DIRECT, OWN_ACCOUNT)
    ]
    return [row for row in known if row is not None]


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("group", [ENGINEERING, ADMIN, DIRECT])
@virtual
async def test_an_open_removal_carries_the_event_and_nothing_is_said_to_be_done(
    state: State, group: str
) -> None:
    world = await left(state, group=group)

    row = await offboarded(world)

    assert (row.state, row.causes) == (state, (CAUSE,))
    assert world.outcomes() == []


@pytest.mark.parametrize("state", [State.PENDING, State.FAILED])
@virtual
async def test_an_event_whose_removal_ends_at_that_moment_is_taken_again_and_answered(
    state: State,
) -> None:
    """The second look at the event is the last one."""
    world = Posting()
    await world.is_discovered()
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    row = replace(found(ENGINEERING, user(1), Action.REMOVED, 1), state=state)
    await world.ledger.record([row])

    async def read_before_the_end(*of: Any) -> Sequence[Change]:
        seen = await rows_of_person(*of)
        await world.ledger.move([row], lambda known: replace(known, state=State.SUCCEEDED))
        return seen

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(join_unfinished, "rows_of_person", read_before_the_end)
        with pytest.raises(Conflict):
            await world.looks_again()
    await world.looks_again()

    assert [one["result"] for one in world.outcomes() if one.get("causes")] == [State.IN_SYNC]


@virtual
async def test_a_removal_that_failed_is_called_again_for_the_event() -> None:
    world = await left(State.FAILED)

    row = await offboarded(world)

    assert (row.state, row.causes) == (State.PENDING, (CAUSE,))
    assert world.bus.of(PROVISIONING)
    assert world.outcomes() == []


@pytest.mark.parametrize(
    ("group", "action"),
    [(ENGINEERING, Action.REMOVED), (OWN_ACCOUNT, Action.DISABLED), (OWN_ACCOUNT, Action.DELETED)],
)
@virtual
async def test_a_removal_that_is_left_to_the_cycle_is_reported_as_that_once(
    group: str, action: Action
) -> None:
    world = await left(State.LEFT_TO_CYCLE, group=group, action=action)

    row = await offboarded(world)

    assert (row.state, row.causes) == (State.LEFT_TO_CYCLE, (CAUSE,))
    [outcome] = world.outcomes()
    assert (outcome["result"], outcome["reason"]) == ("left_to_cycle", "why")


@pytest.mark.parametrize("state", ENDED_WELL)
@virtual
async def test_a_removal_that_ended_well_leaves_nothing_to_do(state: State) -> None:
    world = await left(state)

    row = await offboarded(world)

    assert (row.state, row.causes) == (state, ())
    assert world.outcome_results() == ["in_sync"]


@virtual
async def test_an_event_that_comes_again_joins_and_says_nothing_twice() -> None:
    world = await left(State.LEFT_TO_CYCLE)

    await offboarded(world)
    row = await offboarded(world)

    assert row.causes == (CAUSE,)
    assert world.outcome_results() == ["left_to_cycle"]


@virtual
async def test_somebody_deleted_whose_removal_nobody_saw_is_not_said_to_be_done() -> None:
    """Hasten saw the first as assigned, and neither of the others."""
    world = Posting()
    await world.is_discovered()
    await world.context.roster.add(TOTAL, [user(1)], world.now())
    for number in (1, 2):
        world.directory.delete(user(number))

    await world.posts(event(OFFBOARD, users=[ref(1), ref(2), ref(3)]))
    await world.looks_again()

    said = {one["user"]: one["result"] for one in world.outcomes()}
    assert said == {user(1): "left_to_cycle", user(2): "in_sync", user(3): "in_sync"}


@virtual
async def test_somebody_deleted_may_have_access_where_nobody_is_watched() -> None:
    world = Posting(target=total(users=False))
    await world.is_discovered()
    world.directory.delete(user(1))

    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.looks_again()

    assert world.outcome_results() == ["left_to_cycle"]


@pytest.mark.parametrize(
    ("before", "after", "resumed"),
    [
        (State.HELD, State.HELD, []),
        (State.HELD, State.CONFIRMED, [(CALLBACK, True)]),
        (State.FAILED, State.PENDING, []),
        (State.WAITING, State.FAILED, [(CALLBACK, False)]),
        (State.LEFT_TO_CYCLE, State.LEFT_TO_CYCLE, []),
        (State.LEFT_TO_CYCLE, State.DONE_BY_CYCLE, [(CALLBACK, True)]),
        (State.CONFIRMED, State.CONFIRMED, [(CALLBACK, True)]),
    ],
)
@virtual
async def test_a_workflow_goes_on_only_when_the_removal_is_proven(
    before: State, after: State, resumed: list[tuple[str, bool]]
) -> None:
    world = await left(before)
    row = await offboarded(world, resume=CALLBACK)
    ended = replace(row, state=after, finished_at=world.now())
    if after is not before:
        await world.ledger.move([row], lambda _: ended)

    await do_due(world.context)

    assert world.directory.resumed == resumed


@virtual
async def test_a_workflow_about_somebody_deleted_fails_unless_a_removal_is_proven() -> None:
    world = Posting()
    await world.is_discovered()
    await world.context.roster.add(TOTAL, [user(1)], world.now())
    world.directory.delete(user(1))

    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await world.looks_again()
    await do_due(world.context)
    await asyncio.sleep(CALLBACK_MAX_WAIT.total_seconds())
    await do_due(world.context)

    assert world.directory.resumed == [(CALLBACK, False)]


@pytest.mark.parametrize("end", [State.PENDING, State.CONFIRMED])
@virtual
async def test_an_event_waits_for_a_row_that_cannot_be_read(end: State) -> None:
    """A newer version has written it. The removal ends before the row can be read or after it."""
    world = await left(State.PENDING)
    store, place = world.store, (LEDGER_COLLECTION, TOTAL, f"{OPEN_PREFIX}{ENGINEERING}|{user(1)}")
    assert isinstance(store, MemoryStore)
    [good] = [text for key, text, _ in store.texts(*place[:2]) if key == place[2]]
    store.plant(*place, json.dumps({**json.loads(good), "priority": 3}))

    await world.posts(event(OFFBOARD, users=[ref(1), ref(2)]))
    await world.looks_again()
    assert [one["user"] for one in world.outcomes()] == [user(2)], "of the other nothing is said"
    assert "waiting" in world.results("onboarding")
    store.plant(*place, good)
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move([row], lambda seen: replace(seen, state=end))
    await world.receives(world.bus.of(ONBOARDING_EVENTS)[-1])

    row = await world.row(ENGINEERING, user(1))
    said = [one["result"] for one in world.outcomes() if one["user"] == user(1)]
    if end is State.PENDING:
        assert (row.causes, said) == ((CAUSE,), [])
    else:
        assert (row.causes, said) == ((), ["in_sync"])
