"""A user whom one slice of a group's history shows as leaving and as joining: the removal wins, and
ends only after a read of the membership that no lagging replica can explain."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DISCARDED, OWN_ACCOUNT, Action, Change, State
from hasten.domain.merging import newer
from hasten.domain.rejoining import (
    MAY_HAVE_REJOINED,
    is_decided,
    is_decided_by_list,
    read_once_more,
    rejoined,
    settles_at,
)
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, REPLICATION_SETTLED_AFTER
from tests.unit.domain.rows import NOW, change, removal, seconds

IN_DOUBT = removal(age=60, also_added=True)
SETTLED = IN_DOUBT.seen_at + ASSIGNMENT_COUNTS_WITHIN


BOTH = removal(also_added=True)


@pytest.mark.parametrize(
    ("ahead", "shown"),
    [(False, change()), (False, BOTH), (True, replace(BOTH, origin=2)), (True, BOTH)],
)
@pytest.mark.parametrize("state", sorted(State))
@pytest.mark.parametrize("age", [60, 600])
def test_another_read_that_shows_a_joiner_leaves_a_removal_in_doubt(
    age: int, state: State, shown: Change, *, ahead: bool
) -> None:
    """A read of the slice in which the user left, or one that shows Hasten's own removal. What it
    shows counts until no replica lags behind it."""
    left = removal(age=age, state=state, ahead=ahead)

    after = newer(left, shown)

    assert after is not None
    assert (after.action, after.also_added, after.seen_at) == (Action.REMOVED, True, NOW)
    assert after.is_open
    assert after.state is (state if left.is_open else State.PENDING)
    assert newer(after, shown) in {None, after}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (removal(age=60, state=State.LEFT_TO_CYCLE, reason=DISCARDED), change()),
        (removal(age=60, state=State.LEFT_TO_CYCLE, reason=DISCARDED), BOTH),
        (
            change(age=60, group=OWN_ACCOUNT, action=Action.DISABLED),
            change(group=OWN_ACCOUNT, action=Action.ENABLED),
        ),
    ],
)
def test_nothing_else_puts_a_removal_in_doubt(known: Change, found: Change) -> None:
    assert newer(known, found) is None


@pytest.mark.parametrize("state", [State.CALLING, State.WAITING, State.HELD, State.SUCCEEDED])
def test_a_read_that_shows_both_marks_the_row_whatever_was_known(state: State) -> None:
    assert newer(None, BOTH) == BOTH
    assert newer(change(age=60, state=state), BOTH) == BOTH


@pytest.mark.parametrize("age", [1, 0, -1])
@pytest.mark.parametrize("find", [removal, change])
def test_a_read_that_shows_both_or_a_joiner_marks_an_open_removal_whichever_began_first(
    age: int, find: Callable[..., Change]
) -> None:
    shown = find(age=age, also_added=True)

    after = newer(removal(), shown)

    seen_at = max(removal().seen_at, shown.seen_at)
    assert after == replace(removal(), also_added=True, seen_at=seen_at)


@pytest.mark.parametrize("also_added", [True, False])
def test_a_doubt_outlives_newer_slices_until_the_row_is_called(*, also_added: bool) -> None:
    later = newer(IN_DOUBT, removal(origin=2, also_added=also_added))

    assert later is not None
    assert later.also_added
    assert newer(IN_DOUBT, change(origin=2)) == change(origin=2)


ENDED_BY_CALL = [State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED, State.FAILED]


@pytest.mark.parametrize("state", ENDED_BY_CALL)
def test_a_removal_in_doubt_ends_only_after_every_replica_has_settled(state: State) -> None:
    """Nobody is told to disable the account of somebody who may be a member, either."""
    ended = replace(IN_DOUBT, state=state, finished_at=NOW, needs_proof=True)

    waits = read_once_more(ended, now=SETTLED - seconds(1))

    assert (waits.state, waits.due_at, waits.reason) == (State.WAITING, SETTLED, MAY_HAVE_REJOINED)
    assert (waits.finished_at, waits.needs_proof) == (None, False)
    assert read_once_more(ended, now=SETTLED) == ended


@pytest.mark.parametrize("state", ENDED_BY_CALL)
def test_a_try_that_began_before_every_replica_had_settled_ends_no_doubt(state: State) -> None:
    """The membership was read before it, however long the answer took."""
    answered = SETTLED + seconds(30)
    early = replace(IN_DOUBT, state=state, called_at=SETTLED - seconds(1), finished_at=answered)

    waits = read_once_more(early, now=answered)

    assert (waits.state, waits.due_at) == (State.WAITING, answered)
    later = replace(early, called_at=SETTLED)
    assert read_once_more(later, now=answered) == later


@pytest.mark.parametrize(
    "row",
    [
        removal(age=60, state=State.CONFIRMED),
        replace(IN_DOUBT, state=State.WAITING),
        replace(IN_DOUBT, state=State.LEFT_TO_CYCLE),
        replace(IN_DOUBT, state=State.SUCCEEDED, action=Action.ADDED),
    ],
)
def test_no_other_row_waits(row: Change) -> None:
    assert read_once_more(row, now=NOW) == row


def test_assignments_of_a_removal_in_doubt_are_believed_later() -> None:
    assert settles_at(IN_DOUBT) - settles_at(removal(age=60)) == (
        ASSIGNMENT_COUNTS_WITHIN - REPLICATION_SETTLED_AFTER
    )
    assert settles_at(removal()) == NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("found", "decided"),
    [
        (removal(), True),
        (removal(also_added=True), True),
        (removal(origin=2), False),
        (change(), False),
    ],
)
def test_a_read_of_the_membership_decides_about_its_slice_alone(
    found: Change, *, decided: bool
) -> None:
    back = rejoined(IN_DOUBT, now=NOW)

    assert is_decided(back, found) is decided
    assert not is_decided(replace(back, also_added=False), found)
    assert not is_decided(IN_DOUBT, found)


@pytest.mark.parametrize(
    ("row", "is_decided"),
    [
        (replace(IN_DOUBT, state=State.HELD), True),
        (replace(IN_DOUBT, state=State.LEFT_TO_CYCLE, reason=DISCARDED), True),
        (replace(IN_DOUBT, state=State.PENDING), False),
        (replace(IN_DOUBT, state=State.WAITING), False),
        (removal(age=60, state=State.HELD), False),
        (change(age=60, state=State.CONFIRMED, also_added=True), False),
    ],
)
def test_a_list_decides_about_a_removal_in_doubt_whose_membership_nobody_else_reads(
    row: Change,
    *,
    is_decided: bool,
) -> None:
    settled = row.seen_at + REPLICATION_SETTLED_AFTER

    assert is_decided_by_list(row, settled) is is_decided
    assert not is_decided_by_list(row, settled - timedelta(microseconds=1))
