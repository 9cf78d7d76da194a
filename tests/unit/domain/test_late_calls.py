"""A row does not end while a call that nobody answered may still undo what it wants."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, Cause, Change, State
from hasten.domain.cycle import shown_from
from hasten.domain.late_calls import (
    ANSWERED,
    MAY_BE_TAKEN,
    MAY_COME_BACK,
    UnansweredCall,
    ends_doubt,
    is_doubtful,
    once_more,
    unanswered,
)
from hasten.domain.merging import newer
from hasten.domain.row_states import restarted
from hasten.limits import LATEST_CALL_EFFECT
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, of_person, removal, seconds

CALLED = NOW - seconds(100)
ENDS = CALLED + LATEST_CALL_EFFECT
LATE = removal(origin=2, grant_called_at=CALLED)
BACK = change(origin=2, removal_called_at=CALLED)


@pytest.mark.parametrize("state", [State.CALLING, State.WAITING, State.PENDING, State.FAILED])
def test_a_row_remembers_the_call_for_the_opposite_that_it_replaces(state: State) -> None:
    known = change(state=state, called_at=CALLED)

    assert newer(removal(state=state, called_at=CALLED), change(origin=2)) == BACK
    assert newer(known, removal(origin=2)) == LATE
    assert newer(known, removal(origin=1, age=-1)) == replace(
        removal(origin=1, age=-1), grant_called_at=CALLED, also_added=True
    )


@pytest.mark.parametrize(
    "known",
    [
        change(),
        change(state=State.SUCCEEDED, called_at=CALLED),
        change(state=State.CONFIRMED, called_at=CALLED),
        change(state=State.IN_SYNC, called_at=CALLED),
    ],
)
def test_a_call_that_was_not_made_or_was_answered_leaves_no_doubt(known: Change) -> None:
    assert newer(known, removal(origin=2)) == removal(origin=2)
    taken = replace(known, action=Action.REMOVED)
    assert newer(taken, change(origin=2)) == change(origin=2)


def test_the_doubt_outlives_every_row_that_follows() -> None:
    rejoined = newer(LATE, change(origin=3))
    assert rejoined is not None
    called_again = replace(LATE, state=State.WAITING, called_at=NOW)

    assert newer(rejoined, removal(origin=4)) == replace(LATE, origin=4)
    assert newer(called_again, removal(origin=3)) == replace(LATE, origin=3, removal_called_at=NOW)
    assert newer(newer(BACK, removal(origin=3)), change(origin=4)) == replace(BACK, origin=4)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED])
def test_a_removal_that_would_end_waits_until_the_call_has_no_effect_any_more(state: State) -> None:
    ended = replace(LATE, state=state, finished_at=NOW, needs_proof=True)

    waits = once_more(ended, [], now=NOW)

    assert (waits.state, waits.due_at, waits.reason) == (State.WAITING, ENDS, MAY_COME_BACK)
    assert (waits.finished_at, waits.needs_proof) == (None, False)
    assert once_more(ended, [], now=ENDS) == ended


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED])
def test_what_a_try_shows_is_as_old_as_its_beginning(state: State) -> None:
    answered = ENDS + seconds(30)
    early = replace(LATE, state=state, called_at=ENDS - seconds(1), finished_at=answered)

    waits = once_more(early, [], now=answered)

    assert (waits.state, waits.due_at) == (State.WAITING, answered)
    later = replace(early, called_at=ENDS)
    assert once_more(later, [], now=answered) == later


@pytest.mark.parametrize("state", sorted(State))
def test_a_call_without_an_answer_is_remembered_whatever_becomes_of_the_row(state: State) -> None:
    called = unanswered(change(state=State.CALLING, called_at=CALLED))
    row = replace(called, state=state, called_at=NOW)

    assert newer(row, removal(origin=2)) is not None
    for after in (newer(row, removal(origin=2)), restarted(row, Cause("hr", "1"), now=NOW)):
        assert after is not None
        assert after.grant_called_at is not None
        assert after.grant_called_at >= CALLED


@pytest.mark.parametrize("state", sorted(set(State) - {State.CALLING}))
def test_no_other_row_has_a_call_under_way(state: State) -> None:
    row = change(state=state, called_at=CALLED)

    assert unanswered(row) == row


@pytest.mark.parametrize("state", sorted(ANSWERED))
@pytest.mark.parametrize("action", [Action.ADDED, Action.ENABLED, Action.RESTORED])
def test_a_grant_that_would_end_waits_until_a_call_for_a_removal_has_no_effect_any_more(
    action: Action, state: State
) -> None:
    done: dict[str, Any] = {"state": state, "finished_at": NOW, "user_called": True, "served": 1}
    ended = replace(BACK, action=action, route=GROUPS, **done)

    waits = once_more(ended, [], now=NOW)

    assert (waits.state, waits.due_at, waits.reason) == (State.WAITING, ENDS, MAY_BE_TAKEN)
    assert (waits.user_called, waits.served) == (False, 0)
    assert once_more(ended, [], now=ENDS) == ended
    assert once_more(replace(ended, action=Action.UPDATED), [], now=NOW).state is state


@pytest.mark.parametrize("row", [LATE, BACK])
def test_no_log_and_no_cycle_ends_a_row_before(row: Change) -> None:
    users = frozenset({row.user})
    late = [UnansweredCall(at=CALLED, users=users, takes=not row.is_removal, group=None)]
    again = replace(row, grant_called_at=None, removal_called_at=None)

    for doubted, calls in ((row, []), (again, late)):
        assert is_doubtful(doubted, calls, ENDS - seconds(1))
        assert not is_doubtful(doubted, calls, ENDS)
    assert not is_doubtful(again, [], NOW)
    assert shown_from(row) == ENDS


@pytest.mark.parametrize(
    ("ended", "late", "waits"),
    [
        (change(), {"group": None}, True),
        (change(), {"group": GROUPS[0]}, True),
        (change(), {"group": GROUPS[1]}, False),
        (of_person(Action.ENABLED, route=GROUPS, served=1), {"group": GROUPS[0]}, True),
        (change(), {"group": None, "takes": False}, False),
        (change(), {"group": None, "users": frozenset({USERS[1]})}, False),
        (removal(), {"group": None}, False),
        (removal(), {"group": None, "takes": False}, True),
        (removal(), {"group": GROUPS[1], "takes": False}, True),
    ],
)
def test_a_call_of_another_row_counts_if_it_may_undo_the_result(
    ended: Change, late: dict[str, Any], *, waits: bool
) -> None:
    call = {"at": CALLED, "users": frozenset({USERS[0]}), "takes": True, **late}
    done = replace(ended, state=State.SUCCEEDED, finished_at=NOW)

    after = once_more(done, [], now=NOW, late=[UnansweredCall(**call)])

    assert (after.state is State.WAITING) is waits


@pytest.mark.parametrize(
    "other",
    [
        removal(group=GROUPS[1], state=State.WAITING, called_at=CALLED),
        removal(group=GROUPS[1], removal_called_at=CALLED),
    ],
)
def test_a_removal_from_another_group_delays_nobody_who_moved(other: Change) -> None:
    ended = change(state=State.SUCCEEDED, finished_at=NOW)

    assert once_more(ended, [other], now=NOW) == ended


@pytest.mark.parametrize(
    ("before", "ends"),
    [(None, True), (CALLED, False), (NOW - LATEST_CALL_EFFECT, True), (NOW - seconds(299), False)],
)
def test_an_answer_ends_no_doubt_about_an_earlier_call(
    before: datetime | None, *, ends: bool
) -> None:
    assert ends_doubt(change(called_at=NOW, grant_called_at=before)) is ends
    assert ends_doubt(removal(called_at=NOW, removal_called_at=before)) is ends


@pytest.mark.parametrize(
    ("other", "waits"),
    [
        (change(group=GROUPS[1], state=State.WAITING, called_at=CALLED), True),
        (change(group=OWN_ACCOUNT, action=Action.ENABLED, called_at=CALLED), True),
        (change(group=OWN_ACCOUNT, action=Action.UPDATED, called_at=CALLED), True),
        (removal(group=GROUPS[1], grant_called_at=CALLED), True),
        (removal(group=GROUPS[1], state=State.CALLING, called_at=CALLED), False),
        (change(group=GROUPS[1]), False),
    ],
)
def test_other_open_rows_of_the_user_count_as_well(other: Change, *, waits: bool) -> None:
    ended = removal(state=State.CONFIRMED, finished_at=NOW)

    assert (once_more(ended, [other], now=NOW).state is State.WAITING) is waits


def test_an_answered_call_leaves_no_doubt() -> None:
    ended = replace(LATE, state=State.CONFIRMED)

    assert once_more(ended, [], now=NOW, answered={CALLED}) == ended
    later = CALLED + timedelta(seconds=1)
    assert once_more(ended, [], now=NOW, answered={later}).state is State.WAITING


@pytest.mark.parametrize("state", [State.PENDING, State.WAITING, State.FAILED, State.LEFT_TO_CYCLE])
def test_a_row_that_claims_nothing_and_one_of_the_same_kind_stay_as_they_are(state: State) -> None:
    for row in (LATE, BACK):
        assert once_more(replace(row, state=state), [], now=NOW) == replace(row, state=state)
    grant = change(state=State.SUCCEEDED, grant_called_at=CALLED)
    assert once_more(grant, [], now=NOW) == grant
    taken = removal(state=State.SUCCEEDED, removal_called_at=CALLED)
    assert once_more(taken, [], now=NOW) == taken
