"""How a change that is found meets the row that the ledger already holds."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.merging import is_overtaken, is_own_write, newer
from hasten.domain.row_states import finished, released, retried, returned
from hasten.domain.sightings import milliseconds
from hasten.limits import REPLICATION_SETTLED_AFTER
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


def test_a_change_that_hasten_made_is_not_restarted_when_a_look_sees_it() -> None:
    made = change(origin=1, ahead=True, state=State.SUCCEEDED)

    seen = newer(made, change(origin=2, age=0))

    assert seen == replace(made, origin=2, ahead=False, seen_at=NOW)
    assert newer(seen, change(origin=3)) == change(origin=3)


@pytest.mark.parametrize("made", [change, removal])
@pytest.mark.parametrize(("later", "is_new"), [(-1, False), (0, True), (86_400_000, True)])
def test_a_slice_that_began_once_every_replica_showed_hastens_write_starts_the_row_over(
    made: Callable[..., Change],
    later: int,
    is_new: bool,  # noqa: FBT001 - a case
) -> None:
    known = made(origin=1, age=300, ahead=True, state=State.SUCCEEDED)
    settled = milliseconds(known.seen_at + REPLICATION_SETTLED_AFTER)
    found = made(origin=settled + later)

    assert is_own_write(known, found) is not is_new
    assert (newer(known, found) == found) is is_new


def test_the_opposite_of_hastens_own_removal_counts_once_the_replicas_have_settled() -> None:
    removed = removal(origin=4, age=120, ahead=True, state=State.SUCCEEDED)
    joined = change(origin=4)

    assert newer(removed, joined) == joined


@pytest.mark.parametrize("state", [State.PENDING, State.IN_SYNC, State.SUCCEEDED])
@pytest.mark.parametrize("age", [118, 120], ids=["later", "a read that began before"])
@pytest.mark.parametrize("is_recorded_first", [True, False])
def test_who_seems_to_join_just_after_hastens_own_removal_is_read_once_more(
    age: int,
    state: State,
    is_recorded_first: bool,  # noqa: FBT001 - a case
) -> None:
    removed = removal(origin=4, age=119, ahead=True, state=state)
    joined = change(origin=4, age=age)

    row = newer(removed, joined) if is_recorded_first else newer(joined, removed)

    assert row is not None
    assert (row.action, row.also_added, row.is_open) == (Action.REMOVED, True, True)
    assert row.seen_at == max(removed.seen_at, joined.seen_at)


@pytest.mark.parametrize(("age", "is_overtaken_then"), [(1, False), (2, True), (3, True)])
def test_a_read_that_began_before_hasten_added_the_user_does_not_say_when_they_left(
    age: int,
    is_overtaken_then: bool,  # noqa: FBT001 - a case
) -> None:
    added, left = change(origin=4, age=2, ahead=True), removal(origin=4, age=age)

    assert is_overtaken(added, left) is is_overtaken_then
    for known, found in (
        (replace(added, ahead=False), left),
        (added, replace(left, origin=5)),
        (added, change(origin=4, age=age)),
        (removal(origin=4, ahead=True), left),
    ):
        assert not is_overtaken(known, found)


def test_a_change_seen_before_hasten_wrote_it_gets_the_event_as_its_cause() -> None:
    cause = Cause("/hr", "1")
    seen = change(origin=4, state=State.CALLING)

    known = newer(seen, change(origin=4, ahead=True, causes=(cause,)))

    assert known == replace(seen, causes=(cause,))


@pytest.mark.parametrize("state", [State.CALLING, State.WAITING, State.SUCCEEDED])
def test_the_event_of_an_open_row_waits_for_the_one_that_starts_over(state: State) -> None:
    known = change(origin=4, state=state, causes=(Cause("/hr", "1"),))
    found = change(origin=5, causes=(Cause("/hr", "2"),))

    causes = found.causes if state is State.SUCCEEDED else (*known.causes, *found.causes)
    assert newer(known, found) == replace(found, causes=causes)


def test_a_change_written_down_twice_by_hasten_is_one() -> None:
    made = change(origin=1, ahead=True, state=State.SUCCEEDED)

    assert newer(made, change(origin=1, ahead=True, age=-5)) is None


def test_an_opposite_change_that_hasten_makes_replaces_the_older_one() -> None:
    joined = change(origin=4, age=120, state=State.SUCCEEDED)

    left = removal(origin=4, ahead=True)

    assert newer(joined, left) == left


@pytest.mark.parametrize("made", [change, removal])
def test_an_open_row_is_as_young_as_the_latest_read_of_its_slice_that_shows_the_same(
    made: Callable[..., Change],
) -> None:
    known, again = made(origin=4, age=9), made(origin=4, age=5)

    assert newer(known, again) == replace(known, seen_at=again.seen_at)
    assert newer(replace(known, ahead=True), replace(again, ahead=True)) is None
    assert newer(again, known) is None


def test_a_removal_that_comes_back_is_not_released_any_more() -> None:
    """The brake may hold it again."""
    done = finished(released(removal(), now=NOW), State.SUCCEEDED, now=NOW)

    assert done.released
    assert not returned(done, now=NOW, reason="again").released
