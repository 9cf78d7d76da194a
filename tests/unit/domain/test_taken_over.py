"""A row comes from the target that served the job under another name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import (
    DISCARDED,
    OPEN_STATES,
    Action,
    Cause,
    Change,
    HeldBy,
    State,
)
from hasten.domain.late_calls import MAY_BE_TAKEN, MAY_COME_BACK
from hasten.domain.merging import taken_over
from hasten.domain.row_states import released, returned
from tests.support.world import ENGINEERING, TOTAL, user

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
LEFT = Change(
    target=TOTAL,
    group=ENGINEERING,
    user=user(1),
    action=Action.REMOVED,
    origin=2,
    noticed_at=AT,
    found_at=AT,
    seen_at=AT,
    due_at=AT,
)
CALLED: dict[str, Any] = {"state": State.CALLING, "called_at": AT}
ENDED: dict[str, Any] = {
    "state": State.SUCCEEDED,
    "called_at": AT + timedelta(seconds=5),
    "finished_at": AT + timedelta(seconds=5),
}
GRANT = replace(LEFT, action=Action.ADDED, origin=1, **CALLED)
HELD: dict[str, Any] = {"state": State.HELD, "held_by": HeldBy.BRAKE}
OBSERVED: dict[str, Any] = {"state": State.HELD, "held_by": HeldBy.OBSERVE}
DROPPED: dict[str, Any] = {"state": State.LEFT_TO_CYCLE, "finished_at": AT, "reason": DISCARDED}


@pytest.mark.parametrize("origin", [1, 2])
@pytest.mark.parametrize(("fields", "state"), [({}, State.PENDING), (ENDED, State.WAITING)])
def test_a_removal_waits_for_a_call_that_gives_access_under_the_old_name(
    origin: int, fields: dict[str, Any], state: State
) -> None:
    removal, grant = replace(LEFT, **fields), replace(GRANT, origin=origin)

    taken = taken_over(removal, grant, now=AT)

    assert taken is not None
    assert (taken.is_removal, taken.grant_called_at) == (True, GRANT.called_at)
    if origin < LEFT.origin:
        assert (taken.state, MAY_COME_BACK in taken.reason) == (state, state is State.WAITING)
        assert taken_over(taken, grant, now=AT) is None


def test_a_grant_waits_for_a_call_that_takes_access_under_the_old_name() -> None:
    joined = replace(LEFT, action=Action.ADDED, **ENDED)
    removal = replace(LEFT, origin=1, **CALLED)

    taken = taken_over(joined, removal, now=AT)

    assert taken is not None
    assert (taken.is_removal, taken.state) == (False, State.WAITING)
    assert taken.reason == MAY_BE_TAKEN


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.CONFIRMED, State.LEFT_TO_CYCLE])
@pytest.mark.parametrize("age", [-1, 1])
@pytest.mark.parametrize("has_left_first", [True, False])
def test_who_joins_and_leaves_in_one_slice_under_two_names_is_read_once_more(
    age: int,
    state: State,
    has_left_first: bool,  # noqa: FBT001 - a case
) -> None:
    left = replace(LEFT, **{**ENDED, "state": state})
    joined = replace(LEFT, action=Action.ADDED, seen_at=AT + timedelta(seconds=age), **ENDED)
    known, row = (left, joined) if has_left_first else (joined, left)

    taken = taken_over(known, row, now=AT + timedelta(minutes=1))

    assert taken is not None
    assert (taken.action, taken.also_added, taken.is_open) == (Action.REMOVED, True, True)
    assert taken_over(taken, row, now=AT + timedelta(minutes=1)) is None


@pytest.mark.parametrize(
    ("held_origin", "is_released"), [(1, True), (2, True), (3, False)], ids=str
)
def test_what_an_operator_releases_while_it_moves_is_released(
    held_origin: int,
    is_released: bool,  # noqa: FBT001 - a case
) -> None:
    held: Change = replace(LEFT, origin=held_origin, **HELD)
    row = released(replace(LEFT, **HELD), now=AT)

    taken = taken_over(held, row, now=AT)

    assert (taken is not None and taken.released) is is_released


@pytest.mark.parametrize(
    "fields",
    [{}, CALLED, ENDED, {**ENDED, "finished_at": AT}, HELD],
    ids=["due", "called", "ended", "ended at once", "held"],
)
@pytest.mark.parametrize("other", [OBSERVED, DROPPED], ids=["observed", "discarded"])
@pytest.mark.parametrize(("origin", "counts"), [(1, True), (2, True), (3, False)])
def test_what_one_target_did_counts_where_the_other_has_not_acted(
    origin: int,
    counts: bool,  # noqa: FBT001 - a case
    other: dict[str, Any],
    fields: dict[str, Any],
) -> None:
    known, row = replace(LEFT, origin=origin, **other), replace(LEFT, **fields)

    assert taken_over(known, row, now=AT) == (row if counts else None)


def test_what_has_only_been_observed_asks_nobody_again_who_has_discarded_it() -> None:
    assert taken_over(replace(LEFT, **DROPPED), replace(LEFT, **OBSERVED), now=AT) is None


@pytest.mark.parametrize("origin", [1, 2, 3])
@pytest.mark.parametrize("other", [OBSERVED, DROPPED], ids=["observed", "discarded"])
@pytest.mark.parametrize(
    "fields",
    [{}, CALLED, {"state": State.WAITING}, {**ENDED, "state": State.FAILED}],
    ids=["due", "called", "waits", "failed"],
)
def test_a_row_that_acts_goes_on_where_another_target_has_not_acted(
    origin: int, other: dict[str, Any], fields: dict[str, Any]
) -> None:
    known = replace(LEFT, **fields)

    taken = taken_over(known, replace(LEFT, origin=origin, **other), now=AT) or known

    assert (taken.state, taken.held_by, taken.called_at) == (known.state, None, known.called_at)


@pytest.mark.parametrize(
    ("known", "row"),
    [
        (replace(LEFT, **CALLED), released(replace(LEFT, **HELD), now=AT)),
        (replace(LEFT, **HELD), replace(LEFT, **ENDED)),
    ],
    ids=["called and released", "held and ended"],
)
def test_a_row_that_acts_or_that_nobody_released_stays_as_it_is(known: Change, row: Change) -> None:
    assert taken_over(known, row, now=AT) is None


@pytest.mark.parametrize("by", [HeldBy.OBSERVE, HeldBy.BRAKE])
@pytest.mark.parametrize(
    "known",
    [replace(LEFT, **ENDED), returned(LEFT, now=AT + timedelta(minutes=1), reason="")],
    ids=["with the call that had ended", "without it"],
)
def test_a_row_that_was_opened_again_and_is_held_does_not_end_as_it_had_ended_before(
    known: Change, by: HeldBy
) -> None:
    opened = replace(known, state=State.HELD, held_by=by, finished_at=None)
    row = replace(LEFT, **ENDED, released=True)

    assert taken_over(opened, row, now=AT) is None


FIRST, SECOND = Cause("/hr", "1"), Cause("/hr", "2")
LATER = AT + timedelta(minutes=1)


@pytest.mark.parametrize("action", [Action.REMOVED, Action.ADDED])
@pytest.mark.parametrize("state", sorted(set(State) - {State.SUPERSEDED, *OPEN_STATES}))
@pytest.mark.parametrize("origin", [1, 2, 3])
@pytest.mark.parametrize("now", [State.PENDING, State.FAILED])
def test_a_row_that_was_opened_again_after_it_was_copied_as_ended_takes_the_place_of_that(
    action: Action, state: State, origin: int, now: State
) -> None:
    """A process of the deployment before has opened it: an account is active again, an event or an
    operator asks for it once more."""
    ended = replace(LEFT, action=action, **{**ENDED, "state": state})
    opened = replace(returned(ended, now=LATER, reason="again"), causes=(SECOND,), state=now)

    taken = taken_over(replace(ended, origin=origin), opened, now=LATER)

    assert taken is not None
    assert (taken.state, taken.origin, taken.causes) == (now, max(origin, 2), (SECOND,))
    assert taken_over(taken, opened, now=LATER) is None
    done = replace(opened, state=State.SUCCEEDED, finished_at=LATER + timedelta(seconds=5))
    assert taken_over(replace(done, origin=3), opened, now=LATER) is None


def test_what_was_only_observed_under_the_old_name_opens_no_row_that_has_ended() -> None:
    observed = replace(returned(LEFT, now=LATER, reason=""), state=State.HELD)
    observed = replace(observed, held_by=HeldBy.OBSERVE)

    assert taken_over(replace(LEFT, **ENDED), observed, now=LATER) is None


@pytest.mark.parametrize("fields", [{}, CALLED, {"state": State.WAITING}, HELD], ids=str)
@pytest.mark.parametrize("origin", [1, 2, 3])
def test_the_events_of_both_rows_wait_for_the_one_that_stays(
    origin: int, fields: dict[str, Any]
) -> None:
    known = replace(LEFT, origin=origin, causes=(FIRST,), **fields)
    row = replace(LEFT, causes=(SECOND,))

    taken = taken_over(known, row, now=AT)

    assert taken is not None
    assert set(taken.causes) == {FIRST, SECOND}
    assert taken_over(taken, row, now=AT) is None


def test_the_events_of_both_rows_wait_for_the_one_that_an_operator_released() -> None:
    known = replace(LEFT, causes=(FIRST,), **HELD)
    row = released(replace(LEFT, causes=(SECOND,), **HELD), now=AT)

    taken = taken_over(known, row, now=AT)

    assert taken is not None
    assert (taken.state, set(taken.causes)) == (State.PENDING, {FIRST, SECOND})


def test_an_event_whose_row_has_ended_waits_for_nothing() -> None:
    row = replace(LEFT, causes=(SECOND,), **ENDED)

    assert taken_over(replace(LEFT, origin=3, causes=(FIRST,)), row, now=AT) is None


@pytest.mark.parametrize("fields", [CALLED, ENDED], ids=["called", "ended"])
def test_an_event_whose_change_observe_mode_held_waits_for_what_the_other_target_did(
    fields: dict[str, Any],
) -> None:
    ours, theirs = Cause("/hr", "ours"), Cause("/hr", "theirs")
    observed = replace(
        LEFT, state=State.HELD, held_by=HeldBy.OBSERVE, causes=(ours, theirs), origin=1
    )
    row = replace(LEFT, **fields, causes=(theirs,))

    assert taken_over(observed, row, now=AT) == replace(row, causes=(ours, theirs))
