"""Revocations after their call was judged."""

from dataclasses import replace

import pytest

from hasten.domain.account import Account
from hasten.domain.changes import DIRECT, Change, State
from hasten.domain.connector_errors import NEXT_ACTIONS
from hasten.domain.planning import Call
from hasten.domain.removal_settlement import ANSWERED_STILL_ACTIVE, STILL_ASSIGNED
from hasten.domain.settlement import CHANGE_NOT_SEEN_YET
from hasten.domain.verdicts import Result, Verdict
from hasten.limits import REPLICATION_SETTLED_AFTER
from tests.unit.domain.rows import NOW, change, removal, seconds
from tests.unit.domain.settling import GROUP, by_user, settled


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


@pytest.mark.parametrize("code", ["", "BadRequest", "SomethingNew"])
def test_a_removal_is_called_again_before_it_fails_for_a_cause_that_no_document_lists(
    code: str,
) -> None:
    row, waits = removal(), []
    verdict = Verdict(Result.FAILED, code, "why", "what")
    for _ in range(5):
        row = settled(row, verdict, call=disabling(row))
        waits.append(row.due_at - NOW)
        assert (row.state, row.reason) == (State.WAITING, "why")

    row = settled(row, verdict, call=disabling(row))

    assert waits == [seconds(number) for number in (15, 30, 60, 120, 240)]
    assert (row.state, row.next_action, row.needs_proof) == (State.FAILED, "what", True)


@pytest.mark.parametrize("code", NEXT_ACTIONS)
def test_a_removal_fails_at_once_for_a_cause_that_an_operator_must_mend(code: str) -> None:
    row = removal()

    assert settled(row, Verdict(Result.FAILED, code), call=disabling(row)).state is State.FAILED


@pytest.mark.parametrize(
    ("account", "reason"),
    [(Account.ACTIVE, ANSWERED_STILL_ACTIVE), (Account.UNKNOWN, STILL_ASSIGNED)],
)
def test_the_reason_says_whether_the_answer_showed_the_account_active(
    account: Account, reason: str
) -> None:
    row = removal()

    assert settled(row, Verdict(Result.IN_SYNC, account=account), call=disabling(row)).reason == (
        reason
    )


@pytest.mark.parametrize("result", [*SKIPS, Result.DISABLED])
@pytest.mark.parametrize("account", [Account.INACTIVE, Account.ABSENT])
def test_a_skip_ends_a_revocation_when_it_shows_the_account_inactive_or_absent(
    result: Result, account: Account
) -> None:
    row = removal()

    after = settled(row, Verdict(result, account=account), call=disabling(row))

    assert (after.state, after.needs_proof) == (State.IN_SYNC, account is Account.ABSENT)
    assert "account" in after.reason


@pytest.mark.parametrize("account", [Account.INACTIVE, Account.ABSENT])
@pytest.mark.parametrize("by", ["group", "user"])
def test_a_disabled_leaver_whose_call_does_not_revoke_is_left_to_the_cycle_until_it_is_proven(
    account: Account, by: str
) -> None:
    """A call on a group names a group in its matching step, which no app has as an account."""
    row = removal(age=1)
    call = replace(Call(GROUP, (row,)) if by == "group" else by_user(row), only_asks=True)

    after = settled(row, Verdict(Result.DISABLED, account=account), call=call)

    assert (after.state, after.needs_proof) == (State.LEFT_TO_CYCLE, True)


@pytest.mark.parametrize("account", NOT_OUT)
@pytest.mark.parametrize("by", ["group", "user", "user without assignment"])
def test_a_leaver_whom_only_entra_counts_as_disabled_is_called_again_and_then_left_to_the_cycle(
    account: Account, by: str
) -> None:
    row, waits = removal(), []

    def after(row: Change) -> Change:
        group = GROUP if by == "group" else None
        call = Call(group, (row,), disables="without" in by)
        return settled(row, Verdict(Result.DISABLED, account=account), call=call)

    while (row := after(row)).is_open:
        assert row.reason == CHANGE_NOT_SEEN_YET
        waits.append(row.due_at - NOW)

    assert waits == [seconds(number) for number in (15, 30, 60, 120, 240)]
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)


@pytest.mark.parametrize("account", NOT_OUT)
def test_a_leaver_who_is_disabled_is_asked_about_once(account: Account) -> None:
    row = removal()
    call = Call(None, (row,), disables=True, only_asks=True)

    after = settled(row, Verdict(Result.DISABLED, account=account), call=call)

    assert (after.state, after.needs_proof) == (State.LEFT_TO_CYCLE, True)


def test_several_leavers_of_whom_entra_counts_one_as_disabled_are_called_alone() -> None:
    rows = (removal(), removal(1))

    after = settled(rows[0], Result.DISABLED, call=Call(GROUP, rows))

    assert (after.state, after.alone, after.attempts) == (State.PENDING, True, 0)


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

    granted = settled(joiner, Verdict(Result.SUCCEEDED, removes=True), call=by_user(joiner))

    assert (granted.state, granted.due_at) == (State.WAITING, NOW + seconds(15))
    assert "disabled the account" in granted.reason


def test_a_group_call_that_finds_a_leaver_not_entitled_proves_nothing() -> None:
    assert settled(removal(), Result.NOT_ENTITLED).state is State.WAITING


SKIPPED = Verdict(Result.FAILED, "EntrySynchronizationSkipped", is_skip=True)


def test_a_skip_for_an_unknown_reason_proves_a_revocation_by_the_account_that_it_shows() -> None:
    row = removal()

    shown = replace(SKIPPED, account=Account.INACTIVE)

    assert settled(row, shown, call=disabling(row)).state is State.IN_SYNC


def test_a_skip_for_an_unknown_reason_is_tried_again_and_then_reported_with_the_reason() -> None:
    row, waits = removal(), []

    while (row := settled(row, SKIPPED, call=disabling(row))).is_open:
        waits.append(row.due_at - NOW)

    assert waits == [seconds(s) for s in (15, 30, 60, 120, 240)]
    assert (row.state, row.needs_proof) == (State.FAILED, True)
    assert "EntrySynchronizationSkipped" in row.reason
