"""An offboarding of somebody who may still have access in the app, and whom Hasten has not seen
leave: the event opens their removal, under the brake."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, Cause, Change, HeldBy, State
from hasten.errors import Conflict, TemporaryError
from hasten.onboard import join_unfinished
from hasten.onboard.follow_up import do_due
from hasten.operate.rows_of_person import rows_of_person
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from hasten.provision.on_request import new_row
from hasten.records import direct_assignments
from hasten.targets import Mode
from hasten.watch.admit import admit
from hasten.watch.sweep import sweep
from tests.support.lifecycle import CALLBACK
from tests.support.posting import OFFBOARD, PROVISION, Posting, event, ref, total
from tests.support.verifying import WAKE
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user

CAUSE = Cause("/hr", "1")

AN_HOUR = timedelta(hours=1)


def row(state: State, *, group: str = ENGINEERING, later: timedelta = timedelta()) -> Change:
    """A row of somebody who has joined or, if it is confirmed, left hours ago."""
    action = Action.REMOVED if state is State.CONFIRMED else Action.ADDED
    change = found(group, user(1), action, 1)
    return replace(change, state=state, found_at=change.found_at - 2 * AN_HOUR + later)


def left_before(group: str = ENGINEERING) -> Change:
    return row(State.CONFIRMED, group=group)


def failed_before() -> Change:
    return replace(left_before(), state=State.FAILED)


async def unseen(
    *rows: Change, on_roster: bool, since: timedelta = 3 * AN_HOUR, **target: Any
) -> Posting:
    """Somebody who is not assigned any more, and in whose groups no look has run since. Who is on
    the roster has been there for the time `since`."""
    world = Posting(target=total(**target))
    await world.is_discovered()
    await world.ledger.record(rows)
    if on_roster:
        await world.context.roster.add(TOTAL, [user(1)], world.now() - since)
    return world


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


@pytest.mark.parametrize(
    ("make", "ends"),
    [
        (None, "left_to_cycle"),
        (left_before, "in_sync"),
        (lambda: replace(left_before(), keeps_assignment=True), "left_to_cycle"),
        (lambda: replace(left_before(OWN_ACCOUNT), action=Action.UPDATED), "left_to_cycle"),
    ],
)
@pytest.mark.parametrize("kind", [OFFBOARD, PROVISION])
def test_where_nobody_is_watched_only_a_removal_shows_that_somebody_has_no_access(
    make: Callable[[], Change] | None, ends: str, kind: str
) -> None:
    @virtual
    async def run() -> None:
        rows = [make()] if make else []
        world = await unseen(*rows, on_roster=False, users=False)

        await world.posts(event(kind, users=[ref(1)]))
        assert world.outcomes() == []
        await world.looks_again()

        assert await world.ledger.find(TOTAL, DIRECT, user(1)) is None
        assert world.outcome_results() == [ends]

    run()


@virtual
async def test_where_nobody_is_watched_a_workflow_fails_whose_revocation_nothing_shows() -> None:
    world = await unseen(on_roster=False, users=False)

    await world.posts(event(OFFBOARD, users=[ref(1)], resume=CALLBACK))
    await do_due(world.context)
    assert world.directory.resumed == []
    await world.looks_again()
    await do_due(world.context)

    assert world.directory.resumed == [(CALLBACK, False)]


@virtual
async def test_where_nobody_is_watched_strangers_trip_no_brake() -> None:
    world = await unseen(on_roster=False, users=False)

    await world.posts(event(OFFBOARD, users=[ref(number) for number in range(1, 24)]))
    await world.looks_again()

    assert set(world.outcome_results()) == {"left_to_cycle"}
    assert world.results("brake") == []


@virtual
async def test_whoever_is_assigned_directly_just_after_gets_the_access_back() -> None:
    world = await unseen(on_roster=True)
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)  # from now on there is a cursor of direct assignments
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.looks_again()
    await drain(world.context, WAKE)
    assert (await world.row(DIRECT, user(1))).state is State.SUCCEEDED
    await asyncio.sleep(30)

    world.directory.grant(user(1), kind="User")
    await sweep(world.context)

    given = await world.row(DIRECT, user(1))
    assert (given.action, given.state) == (Action.ADDED, State.PENDING)


@virtual
async def test_whoever_is_assigned_directly_while_an_event_opens_their_removal_gets_access() -> (
    None
):
    world = await unseen(on_roster=True)
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)  # from now on there is a cursor of direct assignments
    announce = direct_assignments.announce

    async def opening(*announced: Any) -> Any:
        """The event has read the assignments before this one was made."""
        removal = await new_row(
            world.context, world.context.targets[TOTAL], (DIRECT, ""), Action.REMOVED, CAUSE
        )
        await admit(world.context, [replace(removal, user=user(1))])
        return await announce(*announced)

    world.directory.grant(user(1), kind="User")
    with patch.object(direct_assignments, "announce", opening), suppress(Conflict):
        await sweep(world.context)
    await sweep(world.context)

    given = await world.row(DIRECT, user(1))
    assert (given.action, given.state) == (Action.ADDED, State.PENDING)


@virtual
async def test_an_event_waits_whose_user_a_sweep_finds_assigned_just_after_it_read_the_rows() -> (
    None
):
    world = await unseen(on_roster=True)
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)
    await world.posts(event(OFFBOARD, users=[ref(1)]))

    async def reading(*place: Any) -> Any:
        rows = await rows_of_person(*place)
        if await world.ledger.find(TOTAL, DIRECT, user(1)) is None:
            world.directory.grant(user(1), kind="User")
            await sweep(world.context)
        return rows

    with patch.object(join_unfinished, "rows_of_person", reading), pytest.raises(Conflict):
        await world.looks_again()

    given = await world.row(DIRECT, user(1))
    assert (given.action, given.state) == (Action.ADDED, State.PENDING)


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


@pytest.mark.parametrize("state", [State.PENDING, State.WAITING, State.SUCCEEDED, State.FAILED])
def test_an_event_waits_while_graph_may_not_show_everywhere_that_its_user_was_just_assigned(
    state: State,
) -> None:
    @virtual
    async def run() -> None:
        world = await unseen(on_roster=True)
        await world.context.roster.add(TOTAL, [user(2)], world.now())
        await world.posts(event(OFFBOARD, users=[ref(1), ref(2)]))
        given = replace(row(state, group=DIRECT), found_at=world.now() + timedelta(seconds=30))
        await world.ledger.record([given])

        with pytest.raises(TemporaryError, match="was assigned just now"):
            await world.looks_again()
        assert await world.ledger.find(TOTAL, DIRECT, user(1)) == given
        assert (await world.row(DIRECT, user(2))).is_removal
        assert (len(world.bus.of(PROVISIONING)), world.outcomes()) == (1, [])

        await asyncio.sleep(AN_HOUR.total_seconds())
        await world.looks_again()
        for number in (1, 2):
            opened = await world.row(DIRECT, user(number))
            assert (opened.action, opened.causes) == (Action.REMOVED, (CAUSE,))

    run()
