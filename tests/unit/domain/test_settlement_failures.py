"""Calls that failed or were not answered: when the row is called again, split or given up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.changes import Action, Change, State
from hasten.domain.planning import Call
from hasten.domain.settlement import (
    MAX_TRANSIENT_ATTEMPTS,
    PERMISSION_PAUSE,
    settle,
)
from hasten.domain.verdicts import THROTTLED_REASON, UNREADABLE, Result, Verdict
from hasten.limits import CALL_WINDOW
from tests.unit.domain.rows import GROUPS, NOW, change, removal, seconds
from tests.unit.domain.settling import GROUP, backoff, settled

TOGETHER = (change(0), change(1))


@pytest.mark.parametrize("result", [Result.FAILED, Result.TRANSIENT, Result.DISABLED])
@pytest.mark.parametrize("row", [change(), removal()])
def test_a_verdict_on_several_people_blames_nobody_each_is_tried_alone(
    result: Result, row: Change
) -> None:
    other = change(1, action=row.action)

    after = settled(row, result, call=Call(GROUP, (row, other)))

    assert (after.state, after.alone, after.due_at) == (State.PENDING, True, NOW)
    assert after.attempts == row.attempts


def test_a_verdict_on_one_person_is_final() -> None:
    after = settled(change(), Verdict(Result.FAILED, reason="why", next_action="what"))

    assert (after.state, after.reason, after.next_action) == (State.FAILED, "why", "what")


@pytest.mark.parametrize("row", [change(), removal()])
def test_a_disabled_user_is_left_to_the_cycle(row: Change) -> None:
    call = Call(row.group, (row,), only_asks=row.is_removal)

    after = settled(row, Verdict(Result.DISABLED, reason="why", next_action="none"), call=call)

    assert (after.state, after.next_action) == (State.LEFT_TO_CYCLE, "none")


@given(st.integers(0, MAX_TRANSIENT_ATTEMPTS - 1))
def test_a_passing_error_is_retried_after_the_backoff_of_its_attempt(attempts: int) -> None:
    after = settled(change(attempts=attempts), Result.TRANSIENT)

    assert (after.state, after.attempts) == (State.WAITING, attempts + 1)
    assert after.due_at == NOW + backoff(attempts + 1)


@given(st.integers(MAX_TRANSIENT_ATTEMPTS, 999))
def test_a_grant_gives_up_on_a_passing_error_that_does_not_pass(attempts: int) -> None:
    after = settled(change(attempts=attempts), Verdict(Result.TRANSIENT, reason="why"))

    assert (after.state, after.reason) == (State.FAILED, "why")


@given(st.integers(0, 999))
def test_a_removal_never_gives_up_on_a_passing_error(attempts: int) -> None:
    after = settled(removal(attempts=attempts), Result.TRANSIENT)

    assert after.due_at == NOW + backoff(attempts + 1)
    assert after.state is State.WAITING


@pytest.mark.parametrize("result", [Result.TRANSIENT, Result.THROTTLED])
def test_a_retry_after_is_honoured(result: Result) -> None:
    row = change()

    after = settled(row, Verdict(result, retry_after=seconds(77)))

    assert (after.state, after.due_at) == (State.WAITING, NOW + seconds(77))


@given(st.integers(0, 999))
def test_being_throttled_waits_a_window_and_costs_no_attempt(attempts: int) -> None:
    row, other = change(attempts=attempts), change(1)

    after = settled(row, Result.THROTTLED, call=Call(GROUP, (row, other)))

    assert (after.state, after.due_at) == (State.WAITING, NOW + CALL_WINDOW)
    assert (after.attempts, after.alone) == (attempts, False)


@pytest.mark.parametrize("result", [Result.NOT_PERMITTED, Result.UNKNOWN_JOB])
@pytest.mark.parametrize("attempts", [0, 999])
def test_a_call_that_an_admin_must_repair_is_retried_forever(result: Result, attempts: int) -> None:
    row, other = change(attempts=attempts), change(1)
    verdict = Verdict(result, reason="why", next_action="grant it")

    after = settled(row, verdict, call=Call(GROUP, (row, other)))

    assert (after.state, after.due_at) == (State.WAITING, NOW + PERMISSION_PAUSE)
    assert (after.reason, after.next_action, after.alone) == ("why", "grant it", False)


def test_a_call_that_took_the_wrong_route_is_repeated_at_once_and_costs_no_attempt() -> None:
    after = settled(change(attempts=2, state=State.CALLING), Result.REROUTED)

    assert (after.state, after.due_at, after.attempts) == (State.PENDING, NOW, 2)


@given(
    st.sampled_from(Result),
    st.integers(0, 20),
    st.sampled_from(Action),
    st.sampled_from([None, GROUP]),
)
def test_no_verdict_leaves_a_change_without_an_end_or_a_time_to_go_on(
    result: Result, attempts: int, action: Action, group: str | None
) -> None:
    calling = change(action=action, state=State.CALLING, attempts=attempts)

    after = settled(calling, result, call=Call(group, (calling,)))

    if after.is_open:
        assert after.state in {State.PENDING, State.WAITING}
        assert after.due_at >= NOW
        assert after.finished_at is None
    else:
        assert after.finished_at == NOW


def test_no_usable_answer_says_nothing_of_anyone_so_all_stay_together_and_none_ever_fails() -> None:
    verdict = Verdict(Result.UNAVAILABLE, reason="HTTP 503")
    tired = [change(user, attempts=50) for user in range(3)]
    call = Call(GROUPS[0], tuple(tired))

    rows = [settle(row, call, verdict, now=NOW, backoff=lambda _: seconds(300)) for row in tired]

    assert {(row.state, row.alone, row.attempts) for row in rows} == {(State.WAITING, False, 51)}


@pytest.mark.parametrize("leaves", [True, False])
def test_an_answer_that_cannot_be_read_is_called_again_with_backoff(leaves: bool) -> None:  # noqa: FBT001
    row = removal() if leaves else change()

    row = settled(row, Verdict(Result.UNAVAILABLE, UNREADABLE, "no known shape"))

    assert (row.state, row.attempts, row.due_at) == (State.WAITING, 1, NOW + seconds(1001))
    assert row.reason == "no known shape"


def test_a_call_of_several_people_that_stays_unreadable_is_split_and_only_a_grant_given_up() -> (
    None
):
    verdict = Verdict(Result.UNAVAILABLE, UNREADABLE, "no known shape", "read the evidence")
    joiners = (change(0, attempts=1), change(1, attempts=1))
    call = Call(GROUPS[0], joiners)

    second = settle(joiners[0], call, verdict, now=NOW, backoff=backoff)
    third = settle(second, call, verdict, now=NOW, backoff=backoff)
    tired = settled(change(attempts=MAX_TRANSIENT_ATTEMPTS), verdict)
    leaver = settled(removal(attempts=MAX_TRANSIENT_ATTEMPTS), verdict)

    assert (second.alone, third.alone, third.state) == (False, True, State.WAITING)
    assert (tired.state, tired.next_action) == (State.FAILED, "read the evidence")
    assert leaver.state is State.WAITING


def refused(row: Change, verdict: Verdict, *, may_split: bool = True) -> Change:
    call = Call(GROUP, TOGETHER)
    return settle(row, call, verdict, now=NOW, backoff=backoff, may_split=may_split)


@pytest.mark.parametrize("result", [Result.NOT_PERMITTED, Result.UNKNOWN_JOB])
def test_a_refusal_that_may_concern_one_person_has_each_called_alone_at_once(
    result: Result,
) -> None:
    after = refused(TOGETHER[0], Verdict(result))

    assert (after.state, after.alone, after.due_at) == (State.PENDING, True, NOW)


def test_a_call_that_is_throttled_twice_in_a_row_is_split_after_the_wait() -> None:
    verdict = Verdict(Result.THROTTLED, reason=f"{THROTTLED_REASON} x", retry_after=seconds(77))

    first = refused(TOGETHER[0], verdict)
    second = refused(first, verdict)

    assert (first.alone, second.alone) == (False, True)
    assert (second.state, second.due_at) == (State.WAITING, NOW + seconds(77))
    assert not refused(first, verdict, may_split=False).alone


def test_a_call_that_stays_unanswered_is_split_after_three_tries() -> None:
    verdict = Verdict(Result.UNAVAILABLE, reason="HTTP 503", retry_after=seconds(600))

    second = refused(change(attempts=1), verdict)
    third = refused(second, verdict)

    assert (second.alone, third.alone) == (False, True)
    assert third.due_at == NOW + max(seconds(600), backoff(3))
    assert not refused(second, verdict, may_split=False).alone
