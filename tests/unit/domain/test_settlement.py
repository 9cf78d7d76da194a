"""Grants after their call was judged: done, or called again."""

from dataclasses import replace

import pytest

from hasten.domain.account import Account
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, State
from hasten.domain.planning import Call
from hasten.domain.settlement import (
    CHANGE_NOT_SEEN_YET,
    SHARED_CALL_ATTEMPTS,
    settle,
)
from hasten.domain.verdicts import Result, Verdict
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from tests.unit.domain.rows import GROUPS, NOW, change, seconds
from tests.unit.domain.settling import GROUP, by_user, settled

LONG_AGO = ASSIGNMENT_COUNTS_WITHIN.total_seconds()
DONE = [Result.SUCCEEDED, Result.IN_SYNC]


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


def test_an_account_that_is_active_already_shows_nothing_of_a_new_membership() -> None:
    row = change(age=1)

    after = settled(row, Verdict(Result.IN_SYNC, account=Account.ACTIVE))

    assert (after.state, after.reason) == (State.WAITING, CHANGE_NOT_SEEN_YET)


@pytest.mark.parametrize("on_request", [False, True])
def test_the_steps_of_an_answer_are_kept_while_an_operator_waits_for_it(
    *, on_request: bool
) -> None:
    row = change(age=LONG_AGO, on_request=on_request, steps=("an earlier one",))

    after = settled(row, Verdict(Result.SUCCEEDED, steps=("Matching: Success",)))

    assert after.steps == (("Matching: Success",) if on_request else ())


@pytest.mark.parametrize("account", [Account.INACTIVE, Account.ABSENT])
@pytest.mark.parametrize("action", [Action.ADDED, Action.ENABLED, Action.RESTORED])
def test_in_sync_without_an_active_account_is_no_grant_however_late_it_comes(
    account: Account, action: Action
) -> None:
    row, waits = replace(change(group=DIRECT, age=LONG_AGO), action=action), []
    said = Verdict(Result.IN_SYNC, account=account)

    while (row := settled(row, said, call=by_user(row))).is_open:
        waits.append(row.due_at - NOW)

    assert waits == [seconds(s) for s in (15, 30, 60, 120, 240)]
    assert row.state is State.FAILED
    assert "no active account" in row.reason
    assert row.next_action


@pytest.mark.parametrize("account", [Account.UNKNOWN, Account.ACTIVE])
def test_in_sync_is_believed_late_unless_the_answer_shows_no_active_account(
    account: Account,
) -> None:
    row = change(group=DIRECT, age=LONG_AGO)

    after = settled(row, Verdict(Result.IN_SYNC, account=account), call=by_user(row))

    assert after.state is State.IN_SYNC


@pytest.mark.parametrize(("result", "needs_proof"), [(DONE[0], True), (DONE[1], False)])
def test_an_update_of_an_inactive_account_that_is_in_sync_needs_no_proof(
    result: Result, *, needs_proof: bool
) -> None:
    row = replace(change(group=OWN_ACCOUNT, age=LONG_AGO), action=Action.UPDATED)

    after = settled(row, Verdict(result, account=Account.INACTIVE), call=by_user(row))

    assert (after.state, after.needs_proof) == (State(result), needs_proof)


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
