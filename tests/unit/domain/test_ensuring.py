"""What becomes of an intent: a table of what the directory shows and what the ledger knows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.changes import DIRECT, DISCARDED, Cause, Change, State
from hasten.domain.ensuring import (
    ENDED_WELL,
    HIDDEN_MEMBER_DELAY,
    MEMBER_BATCH_WAIT,
    Ending,
    LookAgain,
    Restart,
    SeenMembership,
    Wait,
    decide,
    member_batches,
)
from hasten.domain.intents import Intent, Wanted
from hasten.domain.row_states import finished
from hasten.limits import MAX_LINKS_PER_PATCH, REPLICATION_SETTLED_AFTER
from tests.unit.domain.rows import NOW, USERS, change, removal, seconds

ENDED_BADLY = (State.FAILED, State.LEFT_TO_CYCLE)
LONG_AGO = REPLICATION_SETTLED_AFTER.total_seconds()


def intent(wanted: Wanted = Wanted.MEMBER, user: int = 0, *, age: float = 0) -> Intent:
    return Intent(
        target="TOTAL",
        group="group",
        user=USERS[user],
        wanted=wanted,
        time=NOW - seconds(age),
        cause=Cause("/hr", "1"),
        recorded_at=NOW - seconds(age),
    )


def seen(
    *, member: bool, written: bool = False, confirmed: bool = False, origin: int = 2
) -> SeenMembership:
    return SeenMembership(
        member=member, written=written, confirmed=confirmed, origin=origin, at=NOW
    )


def test_a_change_that_hasten_made_is_ahead_and_carries_its_event() -> None:
    found = decide(intent(age=3), seen(member=True, written=True), None, NOW)

    assert isinstance(found, Change)
    assert (found.ahead, found.found_by, found.origin) == (True, "event", 2)
    assert found.causes == (Cause("/hr", "1"),)
    assert found.noticed_at == NOW - seconds(3)


@pytest.mark.parametrize("state", State)
def test_a_row_that_stands_for_the_event_already_is_left_alone(state: State) -> None:
    row = change(state=state, causes=(Cause("/hr", "1"),))

    assert decide(intent(), seen(member=True, written=True), row, NOW) is None


def test_a_row_of_the_other_action_does_not_stand_for_the_event() -> None:
    row = removal(age=LONG_AGO, causes=(Cause("/hr", "1"),))

    assert isinstance(decide(intent(), seen(member=True), row, NOW), Change)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.CONFIRMED, State.IN_SYNC])
def test_a_change_that_ended_well_and_was_not_touched_is_in_sync(state: State) -> None:
    ending = decide(intent(), seen(member=True), change(state=state), NOW)

    assert isinstance(ending, Ending)
    assert ending.result == State.IN_SYNC


@pytest.mark.parametrize(("called", "again"), [(-1, True), (0, False), (1, False)])
def test_a_change_found_and_called_since_the_event_came_is_not_called_again(
    called: float, *, again: bool
) -> None:
    event = intent(age=5)
    at = event.recorded_at + seconds(called)
    row = change(origin=2, state=State.SUCCEEDED, called_at=at)

    found = decide(event, seen(member=True, written=True), row, NOW)

    assert isinstance(found, Change) is again
    assert isinstance(found, Ending) is not again


@pytest.mark.parametrize(("called", "again"), [(-1, True), (0, False), (1, False)])
def test_a_call_before_the_removal_that_graph_has_confirmed_does_not_count(
    called: float, *, again: bool
) -> None:
    """Hasten has removed another assignment of the user, which Graph showed late."""
    event = intent(Wanted.ABSENT, age=LONG_AGO)
    row = removal(
        state=State.SUCCEEDED, called_at=NOW + seconds(called), causes=(event.cause,), origin=2
    )
    taken = seen(member=False, written=True, confirmed=True)

    found = decide(event, taken, row, NOW)

    assert isinstance(found, (Change, Restart)) is again


@pytest.mark.parametrize(
    ("group", "age", "may_hide", "sure_after"),
    [
        ("group", 0, False, None),
        (DIRECT, 0, False, LONG_AGO),
        (DIRECT, LONG_AGO, False, None),
        (DIRECT, 0, True, LONG_AGO),
        (DIRECT, LONG_AGO - 1, True, HIDDEN_MEMBER_DELAY.total_seconds()),
        (DIRECT, 3600, True, HIDDEN_MEMBER_DELAY.total_seconds()),
    ],
)
def test_that_graph_has_removed_one_assignment_says_nothing_about_another(
    group: str, age: float, *, may_hide: bool, sure_after: float | None
) -> None:
    event = replace(intent(Wanted.ABSENT, age=age), group=group)
    taken = seen(member=False, written=True, confirmed=True)

    found = decide(event, replace(taken, may_hide=may_hide), None, NOW)

    if sure_after is None:
        assert isinstance(found, Change)
        return
    assert isinstance(found, LookAgain)
    assert isinstance(found.meanwhile, Change)
    assert found.at == NOW + seconds(sure_after)


@pytest.mark.parametrize("state", ENDED_BADLY)
@pytest.mark.parametrize("wanted", [Wanted.MEMBER, Wanted.ABSENT, Wanted.IN_STEP])
def test_a_change_that_ended_badly_is_called_again(wanted: Wanted, state: State) -> None:
    member = wanted is not Wanted.ABSENT
    row = change(state=state) if member else removal(state=state)

    assert decide(intent(wanted, age=LONG_AGO), seen(member=member), row, NOW) == Restart(row)


def test_in_step_calls_again_what_ended_well() -> None:
    row = change(state=State.CONFIRMED)

    assert decide(intent(Wanted.IN_STEP), seen(member=True), row, NOW) == Restart(row)


def test_nobody_known_who_never_was_a_member_needs_nothing() -> None:
    settled = intent(Wanted.ABSENT, age=LONG_AGO)
    assert isinstance(decide(settled, seen(member=False), None, NOW), Ending)
    assert isinstance(decide(intent(Wanted.IN_STEP), seen(member=False), None, NOW), Change)
    written = seen(member=False, written=True, confirmed=True)
    assert isinstance(decide(intent(Wanted.ABSENT), written, None, NOW), Change)


@pytest.mark.parametrize("row", [None, *(removal(state=state) for state in ENDED_WELL)])
def test_nothing_to_take_is_believed_only_when_every_replica_has_settled(
    row: Change | None,
) -> None:
    early, late = intent(Wanted.ABSENT, age=LONG_AGO - 1), intent(Wanted.ABSENT, age=LONG_AGO)

    assert decide(early, seen(member=False), row, NOW) == LookAgain(NOW + seconds(1))
    assert isinstance(decide(late, seen(member=False), row, NOW), Ending)


ROWS = [None, *(make(state=state, age=LONG_AGO) for make in (change, removal) for state in State)]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("group", ["group", DIRECT])
@pytest.mark.parametrize("row", ROWS)
def test_no_intent_ends_on_what_graph_merely_shows_before_every_replica_has_settled(
    row: Change | None, group: str, *, written: bool
) -> None:
    """To a group Hasten adds a member once more."""
    kinds = [Wanted.ABSENT, *([Wanted.MEMBER] if group == DIRECT else [])]
    for wanted in kinds:
        early = replace(intent(wanted, age=LONG_AGO - 1), group=group)
        shown = seen(member=wanted is Wanted.MEMBER, written=written)
        for known in (row, row and replace(row, causes=(early.cause,))):
            found = decide(early, shown, known, NOW)

            assert isinstance(found, LookAgain)
            assert found.at == NOW + seconds(1)
            settled = replace(early, recorded_at=NOW - REPLICATION_SETTLED_AFTER)
            later = decide(settled, shown, known, NOW)
            follows = later if isinstance(later, (Change, Restart)) else None
            assert type(found.meanwhile) is type(follows)


def test_a_write_that_took_effect_starts_the_row_of_the_event_anew() -> None:
    """Somebody added the member again while the event waited for its second look."""
    row = removal(state=State.CONFIRMED, causes=(Cause("/hr", "1"),), age=LONG_AGO)
    taken = seen(member=False, written=True, confirmed=True, origin=row.origin)

    found = decide(intent(Wanted.ABSENT, age=LONG_AGO), taken, row, NOW)

    assert isinstance(found, (Change, Restart))


@pytest.mark.parametrize("is_of_event", [True, False])
def test_a_row_that_an_operator_discarded_is_not_called_again_for_its_event(
    *, is_of_event: bool
) -> None:
    row = finished(
        removal(causes=(Cause("/hr", "1" if is_of_event else "0"),), age=LONG_AGO),
        State.LEFT_TO_CYCLE,
        now=NOW,
        reason=DISCARDED,
    )
    taken = seen(member=False, written=True, confirmed=True, origin=row.origin)

    found = decide(intent(Wanted.ABSENT, age=LONG_AGO), taken, row, NOW)

    assert (found is None) is is_of_event


@pytest.mark.parametrize("wanted", [Wanted.MEMBER, Wanted.ABSENT, Wanted.IN_STEP])
def test_a_sight_against_what_hasten_wrote_a_moment_ago_waits(wanted: Wanted) -> None:
    member = wanted is Wanted.MEMBER
    row = replace(removal(age=5) if member else change(age=5), ahead=True)

    assert decide(intent(wanted), seen(member=member), row, NOW) == Wait()
    confirmed = seen(member=member, written=True, confirmed=True)
    assert isinstance(decide(intent(wanted), confirmed, row, NOW), Change)
    long_ago = NOW - REPLICATION_SETTLED_AFTER
    older = replace(row, found_at=long_ago, seen_at=long_ago)
    settled = intent(wanted, age=LONG_AGO)
    assert isinstance(decide(settled, seen(member=member), older, NOW), Change)


@pytest.mark.parametrize(
    ("wanted", "member", "written", "waits"),
    [
        (Wanted.IN_STEP, True, False, True),
        (Wanted.IN_STEP, False, False, True),
        (Wanted.MEMBER, True, False, True),
        (Wanted.MEMBER, True, True, True),
        (Wanted.ABSENT, False, True, False),
    ],
)
@pytest.mark.parametrize("state", [State.PENDING, State.HELD, State.SUCCEEDED])
def test_a_read_against_what_a_look_found_a_moment_ago_waits_unless_it_takes_access(
    state: State, wanted: Wanted, *, member: bool, written: bool, waits: bool
) -> None:
    """A look may ask a fresh replica, and the read that follows a lagging one: without the wait
    nothing would bring a removal back that the read replaced."""
    row = replace(removal(age=5) if member else change(age=5), state=state)
    sight = seen(member=member, written=written)

    assert (decide(intent(wanted), sight, row, NOW) == Wait()) is waits
    found_again = replace(row, found_at=NOW - REPLICATION_SETTLED_AFTER)
    assert (decide(intent(wanted), sight, found_again, NOW) == Wait()) is waits
    older = replace(found_again, seen_at=found_again.found_at)
    assert decide(intent(wanted, age=LONG_AGO), sight, older, NOW) != Wait()


@given(st.lists(st.floats(0, 3), max_size=90))
def test_every_new_member_is_added_now_or_waits_less_than_a_second(ages: list[float]) -> None:
    waiting = [intent(age=age) for age in sorted(ages, reverse=True)]

    chunks, due = member_batches(waiting, NOW)

    now = [each for chunk in chunks for each in chunk]
    rest = waiting[len(now) :]
    assert now == waiting[: len(now)]
    assert all(len(chunk) == MAX_LINKS_PER_PATCH for chunk in chunks[:-1])
    assert len(rest) < MAX_LINKS_PER_PATCH
    assert (due is None) is (not rest)
    if due is not None:
        assert timedelta(0) < due - NOW <= MEMBER_BATCH_WAIT


def test_the_members_of_an_unfilled_batch_wait_from_the_time_of_its_own_oldest() -> None:
    full = [intent(age=9)] * MAX_LINKS_PER_PATCH
    young = [intent(age=0.75), intent(age=0.5)]

    chunks, due = member_batches([*full, *young], NOW)

    assert chunks == [full]
    assert due == NOW + MEMBER_BATCH_WAIT - seconds(0.75)
