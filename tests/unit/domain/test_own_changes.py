"""How a change that Hasten itself made, or an event found, meets what a look finds."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, Cause, Change, State
from hasten.domain.merging import is_overtaken, is_own_write, newer
from hasten.domain.row_states import finished, released, returned
from hasten.domain.sightings import milliseconds
from hasten.limits import REPLICATION_SETTLED_AFTER
from tests.unit.domain.rows import NOW, change, removal


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
