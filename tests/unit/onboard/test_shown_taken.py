"""An offboarding of somebody of whom a row shows that the app has taken the access: nothing else,
such as an older removal or a deleted account, says that it has not."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, Change, State
from hasten.domain.row_states import finished
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.onboard.follow_up import do_due
from tests.support.lifecycle import CALLBACK
from tests.support.posting import GROUP, OFFBOARD, Posting, event, ref, total
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user


def left(
    group: str,
    state: State,
    *,
    hours_ago: int,
    keeps: bool = False,
    action: Action = Action.REMOVED,
) -> Change:
    row = found(group, user(1), action, 1)
    at = row.found_at - timedelta(hours=hours_ago)
    return replace(row, state=state, found_at=at, finished_at=at, keeps_assignment=keeps)


async def known(*rows: Change, on_roster: bool = True, **target: Any) -> Posting:
    world = Posting(target=total(**target))
    await world.is_discovered()
    await world.ledger.record(rows)
    if on_roster:
        await world.context.roster.add(TOTAL, [user(1)], world.now() - timedelta(hours=3))
    return world


async def offboarded(world: Posting) -> None:
    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await do_due(world.context)
    assert world.directory.resumed == [], "Graph may show an assignment late"
    await world.looks_again()
    await do_due(world.context)


@pytest.mark.parametrize(
    ("make", "ends"),
    [
        (lambda: [left(ENGINEERING, State.CONFIRMED, hours_ago=2)], "in_sync"),
        (
            lambda: [left(OWN_ACCOUNT, State.DONE_BY_CYCLE, hours_ago=2, action=Action.DELETED)],
            "in_sync",
        ),
        (lambda: [left(ENGINEERING, State.CONFIRMED, hours_ago=2, keeps=True)], "left_to_cycle"),
        (
            lambda: [
                left(ENGINEERING, State.CONFIRMED, hours_ago=2),
                left(ADMIN, State.SUCCEEDED, hours_ago=1, action=Action.ADDED),
            ],
            "left_to_cycle",
        ),
        (list, "left_to_cycle"),
    ],
)
@pytest.mark.parametrize("users", [True, False])
def test_somebody_deleted_is_doubted_unless_a_row_shows_that_their_access_was_taken(
    make: Callable[[], list[Change]], ends: str, *, users: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await known(*make(), on_roster=users, users=users)
        world.directory.delete(user(1))

        await offboarded(world)

        assert world.outcome_results() == [ends]
        assert world.directory.resumed == [(CALLBACK, ends == "in_sync")]

    run()


@virtual
async def test_somebody_whom_graph_shows_late_is_removed_before_the_workflow_is_answered() -> None:
    """A replica has not seen yet that they were restored."""
    world = await known()
    world.directory.join(ENGINEERING, user(1))
    there = world.directory.assigned.pop(user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await do_due(world.context)
    world.directory.assigned[user(1)] = there

    await world.looks_again()
    await world.ensures_until_done()
    await do_due(world.context)
    assert world.directory.resumed == []
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move([row], lambda seen: replace(seen, state=State.CONFIRMED))
    await do_due(world.context)

    assert world.directory.resumed == [(CALLBACK, True)]


@virtual
async def test_a_workflow_waits_for_a_removal_that_is_being_written_where_nobody_is_watched() -> (
    None
):
    """The worker has died after the write, and before it recorded the removal."""
    world = await known(on_roster=False, users=False)
    world.directory.join(ENGINEERING, user(1))
    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    opened = await world.intents.open_intents(TOTAL)
    await world.intents.update(opened, lambda intent: replace(intent, writing=True))
    world.directory.leave(ENGINEERING, user(1))

    await world.looks_again()
    await do_due(world.context)
    await world.ensures_until_done()
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move([row], lambda seen: replace(seen, state=State.CONFIRMED))
    await do_due(world.context)

    assert world.directory.resumed == [(CALLBACK, True)]


@pytest.mark.parametrize(
    ("taken", "ends"),
    [
        (lambda: left(ENGINEERING, State.CONFIRMED, hours_ago=1), "in_sync"),
        (lambda: left(ENGINEERING, State.CONFIRMED, hours_ago=1, keeps=True), "left_to_cycle"),
        (lambda: left(ENGINEERING, State.CONFIRMED, hours_ago=3), "left_to_cycle"),
        (lambda: left(ENGINEERING, State.LEFT_TO_CYCLE, hours_ago=1), "left_to_cycle"),
    ],
)
@virtual
async def test_a_membership_that_nothing_showed_matters_no_more_once_the_account_was_taken(
    taken: Callable[[], Change], ends: str
) -> None:
    before = left(ADMIN, State.LEFT_TO_CYCLE, hours_ago=2, keeps=True)
    world = await known(before, taken())

    await offboarded(world)

    assert set(world.outcome_results()) == {ends}
    assert world.directory.resumed == ([(CALLBACK, True)] if ends == "in_sync" else [])


@pytest.mark.parametrize("group", [ADMIN, OWN_ACCOUNT])
@pytest.mark.parametrize("state", [State.PENDING, State.WAITING, State.CALLING])
def test_an_event_that_names_another_group_waits_for_the_call_that_takes_the_access(
    state: State, group: str
) -> None:
    """They were taken out of the other group a moment ago."""

    @virtual
    async def run() -> None:
        action = Action.DISABLED if group == OWN_ACCOUNT else Action.REMOVED
        world = await known(replace(found(group, user(1), action, 1), state=state))
        await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], resume=CALLBACK))
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
        await world.ensures()
        await do_due(world.context)
        assert (world.outcomes(), world.directory.resumed) == ([], [])

        row = await world.row(group, user(1))
        done = finished(row, State.CONFIRMED, now=world.now())
        await world.ledger.move([row], lambda _: done)
        await world.ensures_until_done()
        await do_due(world.context)

        assert world.outcome_results()[-1] == "in_sync"
        assert world.directory.resumed == [(CALLBACK, True)]

    run()


@virtual
async def test_it_does_not_wait_for_long() -> None:
    world = await known(replace(found(ADMIN, user(1), Action.REMOVED, 1), state=State.WAITING))
    begun = world.now()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP]))
    await world.ensures_until_done()

    assert world.outcome_results() == ["left_to_cycle"]
    assert world.now() - begun == timedelta(minutes=10)
