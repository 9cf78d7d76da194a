"""An offboarding of somebody who may still have access in the app, and whom Hasten has not seen
leave: the event opens their removal, under the brake."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from hasten.domain.changes import DIRECT, Action, Change, HeldBy, State
from hasten.onboard.follow_up import do_due
from hasten.targets import Mode
from tests.support.lifecycle import CALLBACK
from tests.support.posting import OFFBOARD, PROVISION, event, ref
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user
from tests.unit.onboard.unseen import AN_HOUR, CAUSE, failed_before, left_before, row, unseen


@pytest.mark.parametrize(
    ("rows", "on_roster"),
    [
        ([], True),
        ([partial(row, State.SUCCEEDED)], False),
        ([partial(row, State.FAILED)], False),
        ([lambda: replace(row(State.CONFIRMED), keeps_assignment=True)], True),
        ([partial(row, State.SUCCEEDED, group=ADMIN, later=AN_HOUR), left_before], False),
        ([partial(row, State.SUCCEEDED, later=AN_HOUR), partial(left_before, DIRECT)], False),
    ],
)
def test_the_access_of_somebody_whom_hasten_has_not_seen_leave_is_revoked(
    rows: list[Callable[[], Change]], *, on_roster: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await unseen(*(make() for make in rows), on_roster=on_roster)
        await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
        before = await world.ledger.find(TOTAL, DIRECT, user(1))
        assert before is None or not before.is_open  # Graph may show an assignment late

        for _ in range(2):
            await world.looks_again()
        await do_due(world.context)

        opened = await world.row(DIRECT, user(1))
        assert (opened.action, opened.state, opened.causes) == (
            Action.REMOVED,
            State.PENDING,
            (CAUSE,),
        )
        assert (world.outcomes(), world.directory.resumed) == ([], [])
        await world.ledger.move([opened], lambda known: replace(known, state=State.IN_SYNC))
        await do_due(world.context)
        assert world.directory.resumed == [(CALLBACK, True)]

    run()


@pytest.mark.parametrize(
    ("hours_ago", "since", "is_taken"),
    [
        (2, 3 * AN_HOUR, True),
        (2, 2 * AN_HOUR, True),
        (2, AN_HOUR, False),
        (3, 4 * AN_HOUR, False),
    ],
)
def test_a_removal_counts_no_more_once_the_roster_shows_that_they_were_assigned_after_it(
    hours_ago: int, since: timedelta, *, is_taken: bool
) -> None:
    """Nobody saw them get access again. The hourly comparison takes whoever is not assigned off the
    roster, so that it has found those assigned who are still on it after hours."""

    @virtual
    async def run() -> None:
        removal = row(State.CONFIRMED, later=(2 - hours_ago) * AN_HOUR)
        world = await unseen(removal, on_roster=True, since=since)

        await world.posts(event(OFFBOARD, users=[ref(1)]))
        await world.looks_again()

        opened = await world.ledger.find(TOTAL, DIRECT, user(1))
        assert (opened is None) is is_taken
        assert world.outcome_results() == (["in_sync"] if is_taken else [])

    run()


@pytest.mark.parametrize(
    ("make", "at"), [(partial(row, State.SUCCEEDED), DIRECT), (failed_before, ENGINEERING)]
)
def test_whoever_is_to_be_provisioned_and_may_have_access_is_not_said_to_be_in_sync(
    make: Callable[[], Change], at: str
) -> None:
    @virtual
    async def run() -> None:
        world = await unseen(make(), on_roster=False)

        await world.posts(event(PROVISION, users=[ref(1)]))
        await world.looks_again()

        opened = await world.row(at, user(1))
        assert (opened.action, opened.state) == (Action.REMOVED, State.PENDING)
        assert (opened.causes, world.outcomes()) == ((CAUSE,), [])

    run()


@pytest.mark.parametrize(
    ("rows", "on_roster"), [([], False), ([left_before], True), ([left_before], False)]
)
def test_nobody_is_called_whose_access_was_taken_or_never_seen(
    rows: list[Callable[[], Change]], *, on_roster: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await unseen(*(make() for make in rows), on_roster=on_roster)

        await world.posts(event(OFFBOARD, users=[ref(1)]))
        await world.looks_again()

        assert await world.ledger.find(TOTAL, DIRECT, user(1)) is None
        assert world.outcome_results() == ["in_sync"]

    run()


@virtual
async def test_in_observe_mode_nobody_is_called_whom_hasten_has_not_seen_leave() -> None:
    world = await unseen(on_roster=True, mode=Mode.OBSERVE)

    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await world.looks_again()
    await do_due(world.context)

    opened = await world.row(DIRECT, user(1))
    assert (opened.state, opened.held_by) == (State.HELD, HeldBy.OBSERVE)
    assert (world.outcomes(), world.directory.resumed) == ([], [])


@pytest.mark.parametrize(
    ("rows", "at"),
    [
        ([failed_before], ENGINEERING),
        ([partial(left_before, DIRECT), partial(row, State.SUCCEEDED, later=AN_HOUR)], DIRECT),
    ],
)
def test_in_observe_mode_no_brake_trips_that_would_pause_the_job(
    rows: list[Callable[[], Change]], at: str
) -> None:
    """The removals of many had failed, or ended before they got access again."""

    @virtual
    async def run() -> None:
        world = await unseen(on_roster=False, mode=Mode.OBSERVE, pause_job=True)
        people = range(1, 24)
        for number in people:
            await world.ledger.record([replace(make(), user=user(number)) for make in rows])

        await world.posts(event(OFFBOARD, users=[ref(number) for number in people]))
        await world.looks_again()

        opened = [await world.row(at, user(number)) for number in people]
        assert {(one.action, one.held_by) for one in opened} == {(Action.REMOVED, HeldBy.OBSERVE)}
        assert {one.causes for one in opened} == {(CAUSE,)}
        assert not world.directory.writes
        assert not [one for one in world.events if one.name == "brake"]

    run()


@pytest.mark.parametrize("were_removed_before", [range(0), range(1, 24), range(1, 12)])
def test_the_brake_holds_many_whom_hasten_has_not_seen_leave(were_removed_before: range) -> None:
    """Some had a direct assignment once, and have got access through a group since."""

    @virtual
    async def run() -> None:
        world = await unseen(on_roster=True)
        people = range(1, 24)
        await world.context.roster.add(TOTAL, [user(number) for number in people], world.now())
        for number in were_removed_before:
            one, since = left_before(DIRECT), row(State.SUCCEEDED, later=AN_HOUR)
            await world.ledger.record([replace(of, user=user(number)) for of in (one, since)])

        await world.posts(event(OFFBOARD, users=[ref(number) for number in people]))
        await world.looks_again()

        opened = [await world.row(DIRECT, user(number)) for number in people]
        assert {(one.action, one.held_by) for one in opened} == {(Action.REMOVED, HeldBy.BRAKE)}

    run()
