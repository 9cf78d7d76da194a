"""A row in the ledger: what it is when it was found, and what remains of it when it starts over."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Action, Cause, Change, FoundBy, HeldBy, State
from hasten.domain.merging import newer
from hasten.domain.rejoining import rejoined
from hasten.domain.row_states import held, left_to_cycle, released, restarted, returned, waiting
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, of_person, removal, seconds

CAUSE, OTHER = Cause("/hr", "1"), Cause("/hr", "2")
ENDED: dict[str, Any] = {
    "state": State.FAILED,
    "held_by": HeldBy.BRAKE,
    "released": True,
    "reason": "why",
    "next_action": "what",
    "attempts": 3,
    "alone": True,
    "user_called": True,
    "called_at": NOW,
    "finished_at": NOW,
    "expected_at": NOW,
    "needs_proof": True,
    "contradicted": 2,
    "keeps_assignment": True,
    "route": GROUPS,
    "served": 1,
    "answer": "raw",
    "on_request": True,
    "steps": ("Import: Success",),
}
"""Every field that a call and its end set."""


def ended(row: Change) -> Change:
    return replace(row, **ENDED)


def test_a_change_that_was_found_has_not_been_worked_on() -> None:
    found = asdict(change(age=5))

    assert {name: found[name] for name in ENDED} == {
        "state": "pending",
        "held_by": None,
        "released": False,
        "reason": "",
        "next_action": "",
        "attempts": 0,
        "alone": False,
        "user_called": False,
        "called_at": None,
        "finished_at": None,
        "expected_at": None,
        "needs_proof": False,
        "contradicted": 0,
        "keeps_assignment": False,
        "route": (),
        "served": 0,
        "answer": "",
        "on_request": False,
        "steps": (),
    }
    assert (found["ahead"], found["causes"], found["found_by"]) == (False, (), "")


def test_a_row_that_starts_over_is_as_if_it_had_just_been_found() -> None:
    again = restarted(ended(removal(age=60, ahead=True)), CAUSE, now=NOW)

    fresh = removal(noticed_at=NOW, found_at=NOW, due_at=NOW, age=60)
    assert again == replace(
        fresh,
        noticed_at=NOW,
        found_at=NOW,
        due_at=NOW,
        seen_at=NOW - seconds(60),
        causes=(CAUSE,),
        found_by=FoundBy.EVENT,
        ahead=True,
    )


def test_somebody_who_is_a_member_again_has_a_new_addition_that_no_event_asked_for() -> None:
    again = rejoined(ended(removal(age=60, causes=(CAUSE,))), now=NOW)

    assert again == change(found_by=FoundBy.RECONCILE, removal_called_at=NOW)


def test_an_account_that_is_active_again_is_taken_again_for_the_same_causes() -> None:
    known = ended(removal(age=60, causes=(CAUSE,), found_by=FoundBy.NOTIFICATION))

    again = returned(known, now=NOW, reason="active again")

    assert (again.action, again.state, again.reason) == (
        Action.REMOVED,
        State.PENDING,
        "active again",
    )
    assert (again.causes, again.found_by) == ((CAUSE,), FoundBy.NOTIFICATION)


def test_a_row_that_an_operator_released_is_due_at_once() -> None:
    row = held(removal(age=60), HeldBy.BRAKE, reason="60 left", next_action="look")

    again = released(row, now=NOW)

    assert (row.state, row.held_by, row.reason, row.next_action) == (
        State.HELD,
        HeldBy.BRAKE,
        "60 left",
        "look",
    )
    assert again == replace(removal(age=60), released=True, found_at=NOW, due_at=NOW)


@pytest.mark.parametrize(
    ("state", "due", "is_due"),
    [
        (State.PENDING, 0, True),
        (State.PENDING, 1, False),
        (State.CALLING, 0, True),
        (State.WAITING, -1, True),
        (State.HELD, 0, False),
        (State.HELD, 1, False),
        (State.FAILED, 0, False),
        (State.FAILED, 1, False),
        (State.LEFT_TO_CYCLE, -1, False),
    ],
)
def test_an_open_row_that_is_not_held_is_due_at_its_time(
    state: State, due: float, *, is_due: bool
) -> None:
    assert change(state=state, due_at=NOW + seconds(due)).is_due(NOW) is is_due


@pytest.mark.parametrize(
    ("row", "expected", "is_watched"),
    [
        (change(), None, False),
        (change(), NOW, True),
        (removal(), None, True),
        (removal(), NOW, True),
    ],
)
def test_what_is_left_to_the_cycle_is_watched_if_it_is_a_removal_or_has_a_time(
    row: Change, expected: Any, *, is_watched: bool
) -> None:
    left = left_to_cycle(row, now=NOW, reason="r", next_action="n", expected_at=expected)

    assert (left.state, left.expected_at, left.needs_proof) == (
        State.LEFT_TO_CYCLE,
        expected,
        is_watched,
    )
    assert left.is_settled is not is_watched
    assert not replace(left, state=State.PENDING, needs_proof=False).is_settled


def test_a_row_that_waits_says_until_when_and_why() -> None:
    row = waiting(change(), due_at=NOW + timedelta(hours=1), reason="r", next_action="n")

    assert (row.state, row.due_at, row.reason, row.next_action, row.attempts) == (
        State.WAITING,
        NOW + timedelta(hours=1),
        "r",
        "n",
        0,
    )


def test_the_calls_of_a_route_follow_one_another_and_end_with_the_user() -> None:
    row = of_person(Action.ENABLED, route=GROUPS)
    steps = [replace(row, served=served) for served in range(3)]

    assert [step.called_group for step in steps] == [*GROUPS, DIRECT]
    assert [step.has_more_calls for step in steps] == [True, False, False]
    assert change().called_group == GROUPS[0]
    assert row.subjects == {USERS[0], row.group, *GROUPS}


@pytest.mark.parametrize("action", Action)
def test_an_action_takes_access_or_gives_it_again_or_neither(action: Action) -> None:
    takes = {Action.REMOVED, Action.DISABLED, Action.DELETED}
    assert action.takes_access is (action in takes)
    assert action.gives_access_again is (action in {Action.ENABLED, Action.RESTORED})
    row = change(action=action)
    assert (row.is_removal, row.is_update) == (action in takes, action is Action.UPDATED)
    assert not row.is_of_person
    assert not row.is_unreadable
    assert replace(row, held_by=HeldBy.UNREADABLE).is_unreadable


# --- causes ---


def test_a_row_keeps_the_ten_newest_of_its_causes_each_once() -> None:
    many = tuple(Cause("/hr", f"{number}") for number in range(10))
    known = change(origin=4, causes=many)

    more = newer(known, change(origin=4, causes=(many[3], OTHER, Cause("/hr", "x"))))

    assert more is not None
    assert more.causes == (*many[1:], Cause("/hr", "x"))
    assert newer(known, change(origin=4, causes=many[:2])) is None


def test_a_row_that_has_ended_gets_no_cause_that_it_was_not_called_for() -> None:
    known = change(origin=4, state=State.CONFIRMED)

    assert newer(known, change(origin=4, causes=(CAUSE,))) is None


def test_a_newer_slice_adds_its_causes_to_a_row_that_was_not_called_yet() -> None:
    known = change(origin=4, causes=(CAUSE,), age=9, ahead=True)

    merged = newer(known, change(origin=5, causes=(OTHER,), ahead=True))

    assert merged == replace(known, origin=5, causes=(CAUSE, OTHER), seen_at=NOW)
