"""What becomes of a change once its call has been judged: done, retried, or left with a reason."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.account import Account
from hasten.domain.changes import DIRECT, Action, Change, State
from hasten.domain.planning import Call
from hasten.domain.settlement import (
    MAX_TRANSIENT_ATTEMPTS,
    PERMISSION_PAUSE,
    SHARED_CALL_ATTEMPTS,
    settle,
)
from hasten.domain.verdicts import UNREADABLE, Result, Verdict
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, CALL_WINDOW, REPLICATION_SETTLED_AFTER
from tests.unit.domain.rows import GROUPS, NOW, change, removal, seconds

GROUP = GROUPS[0]
LONG_AGO = ASSIGNMENT_COUNTS_WITHIN.total_seconds()
DONE = [Result.SUCCEEDED, Result.IN_SYNC]


def backoff(attempt: int) -> timedelta:
    return seconds(1000 + attempt)


def settled(row: Change, verdict: Verdict | Result, *, call: Call | None = None) -> Change:
    """By default the row was alone in a call of its group."""
    if isinstance(verdict, Result):
        verdict = Verdict(verdict)
    return settle(row, call or Call(row.group, (row,)), verdict, now=NOW, backoff=backoff)


def by_user(row: Change, *, then_group: bool = False) -> Call:
    return Call(None, (row,), then_group)


def disabling(row: Change) -> Call:
    """The user call of a leaver who has no assignment left."""
    return Call(None, (row,), disables=True)


SKIPS = [Result.IN_SYNC, Result.NOT_ENTITLED]
NOT_OUT = [Account.ACTIVE, Account.UNKNOWN]


@pytest.mark.parametrize("result", [*SKIPS, Result.SUCCEEDED])
@pytest.mark.parametrize("account", NOT_OUT)
def test_a_leaver_whose_account_nothing_shows_inactive_is_called_again_and_then_failed(
    result: Result, account: Account
) -> None:
    row, waits = removal(), []
    for _ in range(5):
        row = settled(row, Verdict(result, account=account), call=disabling(row))
        waits.append(row.due_at - NOW)
        assert row.state is State.WAITING

    row = settled(row, Verdict(result, account=account), call=disabling(row))

    assert waits == [seconds(number) for number in (15, 30, 60, 120, 240)]
    assert (row.state, row.needs_proof) == (State.FAILED, True)
    assert "SkipOutOfScopeDeletions" in row.next_action


@pytest.mark.parametrize("result", [*SKIPS, Result.DISABLED])
@pytest.mark.parametrize("account", [Account.INACTIVE, Account.ABSENT])
def test_a_skip_ends_a_revocation_when_it_shows_the_account_inactive_or_absent(
    result: Result, account: Account
) -> None:
    row = removal()

    after = settled(row, Verdict(result, account=account), call=disabling(row))

    assert (after.state, after.needs_proof) == (State.IN_SYNC, False)
    assert "account" in after.reason


def test_a_success_ends_a_revocation_when_it_took_the_account_away() -> None:
    row = removal()

    after = settled(row, Verdict(Result.SUCCEEDED, took=True, evidence="raw"), call=disabling(row))

    assert (after.state, after.needs_proof, after.answer) == (State.SUCCEEDED, True, "raw")


@pytest.mark.parametrize("result", [*SKIPS, Result.SUCCEEDED])
@pytest.mark.parametrize("by", ["group", "user"])
def test_a_leaver_who_keeps_another_assignment_is_read_again_whatever_the_answer(
    result: Result, by: str
) -> None:
    row = removal(age=1)
    call = Call(GROUP, (row,)) if by == "group" else by_user(row)

    after = settled(row, Verdict(result, account=Account.INACTIVE), call=call)

    assert (after.state, after.keeps_assignment) == (State.WAITING, True)
    assert after.due_at == row.seen_at + REPLICATION_SETTLED_AFTER


def test_a_grant_that_disabled_the_account_is_tried_again_once_entra_knows_the_assignment() -> None:
    joiner = change(group=DIRECT)

    granted = settled(joiner, Verdict(Result.SUCCEEDED, took=True), call=by_user(joiner))

    assert (granted.state, granted.due_at) == (State.WAITING, NOW + seconds(15))
    assert "disabled the account" in granted.reason


@pytest.mark.parametrize("result", DONE)
def test_a_grant_that_is_done_is_finished_with_the_evidence_kept(result: Result) -> None:
    row = change(age=LONG_AGO)

    after = settled(row, Verdict(result, evidence="raw"))

    assert (after.state, after.finished_at, after.answer) == (State(result), NOW, "raw")


def test_in_sync_soon_after_a_joiner_was_seen_means_not_yet() -> None:
    row, waits = change(age=1), []

    while (row := settled(row, Result.IN_SYNC)).is_open:
        waits.append(row.due_at - NOW)

    assert waits == [seconds(s) for s in (15, 30, 60, 120, 240)]
    assert row.state is State.IN_SYNC


def test_in_sync_is_believed_of_a_joiner_whose_account_the_answer_shows_active() -> None:
    row = change(group=DIRECT, age=1)

    shown = settled(row, Verdict(Result.IN_SYNC, account=Account.ACTIVE), call=by_user(row))
    hidden = settled(row, Verdict(Result.IN_SYNC, account=Account.INACTIVE), call=by_user(row))

    assert (shown.state, hidden.state) == (State.IN_SYNC, State.WAITING)


@pytest.mark.parametrize("result", DONE)
def test_the_first_of_two_calls_leaves_the_second_to_do_at_once(result: Result) -> None:
    row = change()

    after = settled(row, result, call=by_user(row, then_group=True))

    assert (after.state, after.user_called, after.due_at) == (State.PENDING, True, NOW)


@pytest.mark.parametrize("result", DONE)
def test_a_direct_assignment_has_no_second_call(result: Result) -> None:
    row = change(group=DIRECT, age=LONG_AGO)

    assert settled(row, result, call=by_user(row, then_group=True)).state is State(result)


def test_a_first_call_that_did_not_succeed_is_repeated_before_the_second() -> None:
    row = change()

    after = settled(row, Result.TRANSIENT, call=by_user(row, then_group=True))

    assert (after.state, after.user_called) == (State.WAITING, False)


def test_a_new_assignment_is_waited_for_on_the_ladder_then_left_to_the_cycle() -> None:
    row, waits = change(), []

    while (row := settled(row, Verdict(Result.NOT_ENTITLED, reason="not assigned"))).is_open:
        waits.append(row.due_at - NOW)

    assert waits == [seconds(s) for s in (15, 30, 60, 120, 240)]
    assert (row.state, row.reason) == (State.LEFT_TO_CYCLE, "not assigned")
    assert "direct member" in row.next_action


def test_members_who_are_refused_together_are_tried_together_before_each_is_tried_alone() -> None:
    row, other = change(0), change(1)
    asked = []

    for _ in range(SHARED_CALL_ATTEMPTS):
        row = settled(row, Result.NOT_ENTITLED, call=Call(GROUP, (row, other)))
        asked.append(row.alone)

    assert asked == [False, False, True]


def test_a_user_call_that_finds_a_joiner_not_entitled_waits_for_the_assignment() -> None:
    row = change()

    assert settled(row, Result.NOT_ENTITLED, call=by_user(row)).state is State.WAITING


def test_a_group_call_that_finds_a_leaver_not_entitled_proves_nothing() -> None:
    assert settled(removal(), Result.NOT_ENTITLED).state is State.WAITING


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
    after = settled(row, Verdict(Result.DISABLED, reason="why", next_action="none"))

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
def test_what_an_admin_must_mend_is_asked_again_forever(result: Result, attempts: int) -> None:
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


def test_joiners_of_a_group_assigned_a_moment_ago_are_never_split() -> None:
    verdict = Verdict(Result.NOT_ENTITLED)
    rows = (change(0, attempts=4), change(1, attempts=4))

    settled = settle(
        rows[0],
        Call(GROUPS[0], rows),
        verdict,
        now=NOW,
        backoff=lambda _: seconds(5),
        is_fresh=True,
    )

    assert (settled.state, settled.alone) == (State.WAITING, False)
