"""How a change that is found meets the row that the ledger already holds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.merging import newer
from hasten.domain.row_states import finished, retried
from tests.unit.domain.rows import NOW, change, removal, seconds

OPEN = {State.PENDING, State.CALLING, State.WAITING, State.HELD}

any_row = st.builds(
    lambda action, origin, state, age: change(action=action, origin=origin, state=state, age=age),
    st.sampled_from([Action.ADDED, Action.REMOVED]),
    st.integers(0, 3),
    st.sampled_from(State),
    st.integers(0, 99),
)
any_find = st.builds(
    lambda action, origin, age: change(action=action, origin=origin, age=age),
    st.sampled_from([Action.ADDED, Action.REMOVED]),
    st.integers(0, 3),
    st.integers(0, 99),
)


@given(any_row, any_find)
def test_the_same_slice_of_history_read_twice_changes_nothing_the_second_time(
    known: Change, found: Change
) -> None:
    once = newer(known, found) or known

    assert newer(once, found) is None


@given(any_row, any_find)
def test_the_latest_slice_wins_and_within_a_slice_the_removal(known: Change, found: Change) -> None:
    held = newer(known, found) or known

    latest = max(known, found, key=lambda row: (row.origin, row.is_removal))
    assert (held.origin, held.action) == (latest.origin, latest.action)


reads_of_one_slice = st.builds(
    lambda action, age, is_both: change(
        action=action, age=age, also_added=is_both and action is Action.REMOVED
    ),
    st.sampled_from([Action.ADDED, Action.REMOVED]),
    st.integers(0, 99),
    st.booleans(),
)
own_removals = st.builds(lambda age: removal(age=age, ahead=True), st.integers(0, 99))


@given(reads_of_one_slice, reads_of_one_slice | own_removals)
def test_of_two_finds_in_one_slice_it_does_not_matter_which_is_recorded_first(
    one: Change, other: Change
) -> None:
    rows = [newer(one, other) or one, newer(other, one) or other]

    assert len({(row.action, row.also_added) for row in rows}) == 1
    assert rows[0].also_added is (
        one.also_added or other.also_added or one.action is not other.action
    )


@given(any_row, any_find)
def test_whatever_newer_is_found_leaves_an_open_row(known: Change, found: Change) -> None:
    held = newer(known, found)

    keeps_state = known.is_open and known.action is found.action
    is_in_doubt = held is not None and held.also_added
    assert (
        held is None
        or held.state is State.PENDING
        or ((keeps_state or is_in_doubt) and held.is_open)
    )


def test_the_first_find_is_taken_as_it_is() -> None:
    found = change()

    assert newer(None, found) == found


def test_a_row_not_called_yet_keeps_its_place_in_the_queue() -> None:
    known = change(age=60, origin=1)

    held = newer(known, change(origin=2))

    assert held is not None
    assert (held.found_at, held.due_at, held.origin) == (known.found_at, known.due_at, 2)


@pytest.mark.parametrize("state", [State.PENDING, State.HELD])
def test_a_cycle_that_showed_nothing_was_before_whoever_leaves_once_more(state: State) -> None:
    known = replace(removal(origin=1), state=state, cycle_showed_nothing=True)

    left_again = newer(known, removal(origin=2))

    assert left_again is not None
    assert (left_again.origin, left_again.cycle_showed_nothing) == (2, False)


@pytest.mark.parametrize("state", State)
def test_a_newer_slice_that_shows_the_opposite_replaces_any_row(state: State) -> None:
    joined, left = change(origin=1, state=state, age=60), removal(origin=2)

    assert newer(joined, left) == left


@pytest.mark.parametrize(
    ("state", "age", "is_news"),
    [
        (State.CONFIRMED, 600, True),
        (State.LEFT_TO_CYCLE, 600, True),
        (State.CONFIRMED, 60, False),  # a lagging replica may have answered
        (State.HELD, 600, True),
        (State.HELD, 60, False),
        (State.WAITING, 600, False),
    ],
)
def test_whoever_is_found_a_member_long_after_a_removal_ended_or_was_held_replaces_the_row(
    state: State, age: int, *, is_news: bool
) -> None:
    left, found = removal(state=state, age=age), replace(change(), ahead=True)

    assert newer(left, found) == (found if is_news else None)


@pytest.mark.parametrize("state", sorted(set(State) - {State.PENDING, State.HELD}))
def test_a_row_that_was_called_starts_over(state: State) -> None:
    known = change(origin=1, state=state, attempts=3, alone=True, age=60)
    found = change(origin=2)

    assert newer(known, found) == found


@pytest.mark.parametrize("state", sorted(set(State) - {State.PENDING, State.HELD}))
def test_events_that_wait_for_a_row_wait_on_when_it_starts_over(state: State) -> None:
    known = change(origin=1, state=state, causes=(Cause("/hr", "1"),))

    after = newer(known, change(origin=2))

    assert after == change(origin=2, causes=known.causes if state in OPEN else ())
    assert newer(known, removal(origin=2)) == removal(origin=2)


@pytest.mark.parametrize("state", State)
def test_a_slice_read_again_that_shows_the_opposite_is_believed_if_read_later(state: State) -> None:
    joined, left = change(origin=4, age=2, state=state), removal(origin=4, age=1)

    assert newer(joined, left) == replace(left, also_added=True)


@pytest.mark.parametrize("age", [1, 2, 3])
def test_a_removal_within_a_slice_wins_whichever_read_began_first(age: int) -> None:
    joined, left = change(origin=4, age=age), removal(origin=4, age=2)
    last_read = max(joined.seen_at, left.seen_at)
    in_doubt = replace(left, also_added=True, seen_at=last_read)

    assert newer(joined, left) == in_doubt
    assert newer(left, joined) == in_doubt


@pytest.mark.parametrize("age", [2, 3])
def test_a_removal_that_was_read_before_hasten_added_the_user_does_not_undo_that(age: int) -> None:
    added, left = change(origin=4, age=2, ahead=True), removal(origin=4, age=age)

    assert newer(added, left) is None


@pytest.mark.parametrize("age", [0, 9])
def test_a_slice_read_again_that_shows_the_same_does_not_start_a_row_over(age: int) -> None:
    called = change(origin=4, age=5, state=State.SUCCEEDED)

    assert newer(called, change(origin=4, age=age)) is None


@pytest.mark.parametrize("state", sorted(set(State) - OPEN))
def test_a_removal_that_has_ended_stays_so_when_its_slice_is_read_again(state: State) -> None:
    ended = removal(origin=4, age=5, state=state)

    assert newer(ended, removal(origin=4)) is None


@pytest.mark.parametrize("state", State)
def test_a_row_is_open_as_long_as_hasten_has_something_to_do(state: State) -> None:
    assert change(state=state).is_open is (state in OPEN)


def test_only_a_change_that_removes_is_a_removal() -> None:
    assert removal().is_removal
    assert not change().is_removal


def test_a_finished_change_says_when_why_and_what_next() -> None:
    done = finished(change(), State.FAILED, now=NOW, reason="why", next_action="what")

    assert not done.is_open
    assert (done.state, done.finished_at, done.reason, done.next_action) == (
        State.FAILED,
        NOW,
        "why",
        "what",
    )


def test_a_retried_change_waits_until_it_is_due_and_counts_the_attempt() -> None:
    due = NOW + seconds(30)

    waiting = retried(change(attempts=2), due_at=due, reason="why")

    assert (waiting.state, waiting.due_at, waiting.attempts) == (State.WAITING, due, 3)
