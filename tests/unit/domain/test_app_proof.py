"""What the app itself and the provisioning log prove together of a removal."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.account import Account
from hasten.domain.app_account import AppAccount, NoAccount, SeveralAccounts
from hasten.domain.app_proof import (
    ACTIVE_IN_APP,
    APP_HAS_NOT_SHOWN,
    ENTRA_ANSWERED,
    LOG_SHOWS_CYCLE,
    NO_MATCHING_ACCOUNT,
    NOT_ASKED,
    UNCLEAR,
    UNSHOWN_ALERT_AFTER,
    Shown,
    Unclear,
    is_news,
    rests_on_app,
    unshown,
    weighed,
)
from hasten.domain.app_revocation import (
    CHECK_MATCH,
    MAX_APP_TRIES,
    AppRevocation,
    AppRevocationResult,
    read_back,
    settled,
)
from hasten.domain.changes import Change, State
from hasten.domain.proof import NO_PROOF, PROOF_TIMEOUT, Proof, Says
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP, REASON_BY_ACCOUNT
from tests.unit.domain.rows import NOW, change, removal, seconds

INSTANT = timedelta(microseconds=1)
DONE, CONTRA = Proof(Says.CONFIRMED), Proof(Says.CONTRADICTED, "the log shows it active")
GONE = Proof(Says.CONFIRMED, is_absent=True)
ACTIVE, INACTIVE = (AppAccount(id="7", active=active) for active in (True, False))
SILENT = AppAccount(id="7", active=None)
BUSY = Unclear("the app answered 503", "wait")
TAKEN, FAILED = removal(state=State.SUCCEEDED), removal(state=State.FAILED)
LEFT = removal(state=State.LEFT_TO_CYCLE)
ABSENT = removal(state=State.IN_SYNC, reason=REASON_BY_ACCOUNT[Account.ABSENT])
OFF = replace(ABSENT, reason=REASON_BY_ACCOUNT[Account.INACTIVE])
SHOWN_GONE = "the app itself shows no account any more at 2026-03-02 09:00:00Z"
SHOWN_INACTIVE = "the app itself says inactive at 2026-03-02 09:00:00Z"


@pytest.mark.parametrize(
    ("row", "log", "shown", "deletes", "says", "reason"),
    [
        (FAILED, CONTRA, INACTIVE, False, Says.CONFIRMED, SHOWN_INACTIVE),
        (TAKEN, DONE, ACTIVE, False, Says.CONTRADICTED, ACTIVE_IN_APP),
        (ABSENT, NO_PROOF, ACTIVE, False, Says.CONTRADICTED, ACTIVE_IN_APP),
        (LEFT, DONE, ACTIVE, False, Says.CONTRADICTED, ACTIVE_IN_APP),
        (LEFT, NO_PROOF, ACTIVE, False, Says.NOTHING, ""),
        (FAILED, CONTRA, ACTIVE, False, Says.CONTRADICTED, CONTRA.reason),
        (TAKEN, NO_PROOF, NoAccount(), True, Says.CONFIRMED, SHOWN_GONE),
        (TAKEN, CONTRA, NoAccount(), True, Says.CONTRADICTED, CONTRA.reason),
        (LEFT, DONE, NoAccount(), True, Says.CONFIRMED, SHOWN_GONE),
        (FAILED, DONE, NoAccount(), True, Says.CONFIRMED, SHOWN_GONE),
        (FAILED, NO_PROOF, NoAccount(), True, Says.NOTHING, ""),
        (TAKEN, DONE, NoAccount(), False, Says.UNSHOWN, NO_MATCHING_ACCOUNT),
        (TAKEN, GONE, NoAccount(), False, Says.CONFIRMED, SHOWN_GONE),
        (ABSENT, NO_PROOF, NoAccount(), False, Says.CONFIRMED, SHOWN_GONE),
        (OFF, NO_PROOF, NoAccount(), False, Says.UNSHOWN, NO_MATCHING_ACCOUNT),
        (
            replace(ABSENT, reason=f"{ABSENT.reason}{APP_HAS_NOT_SHOWN}{NOT_ASKED}"),
            NO_PROOF,
            NoAccount(),
            False,
            Says.CONFIRMED,
            SHOWN_GONE,
        ),
        (
            replace(TAKEN, reason=ABSENT.reason),
            NO_PROOF,
            NoAccount(),
            False,
            Says.UNSHOWN,
            NO_MATCHING_ACCOUNT,
        ),
        (TAKEN, DONE, SILENT, True, Says.UNSHOWN, UNCLEAR),
        (TAKEN, NO_PROOF, BUSY, True, Says.UNSHOWN, BUSY.reason),
        (LEFT, DONE, BUSY, True, Says.UNSHOWN, BUSY.reason),
        (LEFT, NO_PROOF, BUSY, True, Says.NOTHING, ""),
        (TAKEN, CONTRA, BUSY, True, Says.CONTRADICTED, CONTRA.reason),
    ],
)
def test_the_app_has_the_last_word_and_confirms_only_what_it_shows(
    row: Change, log: Proof, shown: Shown, says: Says, reason: str, *, deletes: bool
) -> None:
    found = weighed(row, log, shown, deletes=deletes, at=NOW)

    assert (found.says, found.reason) == (says, reason)


@pytest.mark.parametrize(
    ("shown", "action"),
    [(NoAccount(), CHECK_MATCH), (SILENT, CHECK_ACCOUNT_IN_APP), (BUSY, BUSY.next_action)],
)
def test_what_the_app_has_not_shown_says_what_to_do(shown: Shown, action: str) -> None:
    assert weighed(TAKEN, DONE, shown, deletes=False, at=NOW).next_action == action


def test_the_app_decides_about_leavers_without_another_assignment() -> None:
    assert rests_on_app(removal())
    assert not rests_on_app(removal(keeps_assignment=True))
    assert not rests_on_app(change())
    assert not rests_on_app(change(keeps_assignment=True))


@pytest.mark.parametrize(
    ("row", "base"),
    [
        (TAKEN, ENTRA_ANSWERED),
        (replace(TAKEN, reason="so"), "so"),
        (replace(TAKEN, reason=f"so{APP_HAS_NOT_SHOWN}other"), "so"),
        (replace(LEFT, reason="so"), LOG_SHOWS_CYCLE),
    ],
)
def test_a_row_that_waits_for_the_app_keeps_its_own_reason_before_that_of_the_app(
    row: Change, base: str
) -> None:
    waits = unshown(row, Proof(Says.UNSHOWN, "503"), now=NOW)

    assert waits is not None
    assert waits.reason == f"{base}; the app itself has not shown it: 503"
    assert unshown(waits, Proof(Says.UNSHOWN, "503"), now=NOW) is None


@pytest.mark.parametrize(
    ("times", "since"),
    [
        ({}, seconds(0)),
        ({"called_at": NOW - seconds(9)}, seconds(9)),
        ({"called_at": NOW - seconds(9), "finished_at": NOW - seconds(5)}, seconds(5)),
    ],
)
def test_a_row_that_waits_for_the_app_names_an_action_after_an_hour_and_ends_after_a_day(
    times: dict[str, Any], since: timedelta
) -> None:
    row = replace(TAKEN, **times)

    def at(age: timedelta, action: str = "") -> tuple[str, bool]:
        says = Proof(Says.UNSHOWN, "503", action)
        waits = unshown(row, says, now=NOW - since + age)
        assert waits is not None
        return waits.next_action, waits.needs_proof

    assert at(UNSHOWN_ALERT_AFTER) == ("", True)
    assert at(UNSHOWN_ALERT_AFTER + INSTANT) == (CHECK_ACCOUNT_IN_APP, True)
    assert at(UNSHOWN_ALERT_AFTER + INSTANT, "wait") == ("wait", True)
    assert at(PROOF_TIMEOUT) == (CHECK_ACCOUNT_IN_APP, True)
    assert at(PROOF_TIMEOUT + INSTANT) == (CHECK_ACCOUNT_IN_APP, False)


def test_a_wait_for_the_app_is_news_once_when_somebody_must_act() -> None:
    waits = replace(TAKEN, reason=f"so{APP_HAS_NOT_SHOWN}503")
    late = replace(waits, next_action="look")

    assert is_news(waits, late)
    assert is_news(TAKEN, late)
    assert not is_news(late, late)
    assert not is_news(TAKEN, waits)
    assert not is_news(waits, replace(late, reason="so"))
    assert not is_news(replace(waits, state=State.FAILED), late)


# --- the write to the app ---


@pytest.mark.parametrize(
    ("shown", "was_written", "result"),
    [
        (None, True, AppRevocationResult.CONFIRMED),
        (None, False, AppRevocationResult.NO_ACCOUNT),
        (INACTIVE, False, AppRevocationResult.CONFIRMED),
        (ACTIVE, True, AppRevocationResult.STILL_ACTIVE),
        (SILENT, True, AppRevocationResult.STILL_ACTIVE),
    ],
)
def test_what_the_app_shows_after_the_write_decides(
    shown: AppAccount | None, result: AppRevocationResult, *, was_written: bool
) -> None:
    found = read_back(shown, was_written=was_written, at=NOW)

    assert found.result is result
    still = result is AppRevocationResult.STILL_ACTIVE
    assert found.delay == (seconds(15) if still else None)


@pytest.mark.parametrize(
    ("result", "delay", "attempts", "state", "counted"),
    [
        (AppRevocationResult.CONFIRMED, None, 0, State.CONFIRMED, 0),
        (AppRevocationResult.THROTTLED, 9, MAX_APP_TRIES - 1, State.WAITING, MAX_APP_TRIES),
        (AppRevocationResult.THROTTLED, 9, MAX_APP_TRIES, State.PENDING, MAX_APP_TRIES),
        (AppRevocationResult.UNAVAILABLE, 9, MAX_APP_TRIES - 1, State.WAITING, MAX_APP_TRIES),
        (AppRevocationResult.UNAVAILABLE, 9, MAX_APP_TRIES, State.PENDING, MAX_APP_TRIES),
        (AppRevocationResult.REFUSED, None, 0, State.PENDING, 0),
        (AppRevocationResult.THROTTLED, None, 0, State.PENDING, 0),
    ],
)
def test_a_try_in_the_app_ends_the_row_waits_or_leaves_it_to_entra(
    result: AppRevocationResult, delay: float | None, attempts: int, state: State, counted: int
) -> None:
    row = removal(age=60, attempts=attempts, needs_proof=True, keeps_assignment=True)
    tried = AppRevocation(
        result=result,
        reason="why",
        next_action="what",
        delay=None if delay is None else seconds(delay),
    )

    after = settled(row, tried, now=NOW)

    assert (after.state, after.attempts, after.reason) == (state, counted, "why")
    if state is State.CONFIRMED:
        assert (after.finished_at, after.needs_proof, after.keeps_assignment) == (NOW, False, False)
    else:
        assert after.due_at == NOW + seconds(delay if state is State.WAITING and delay else 0)
    assert after.next_action == ("what" if state is State.PENDING else "")


def test_two_answers_of_an_app_that_show_the_same_are_equal() -> None:
    shown = AppAccount(id="1", active=True)

    assert NoAccount() == NoAccount()
    assert SeveralAccounts(2) == SeveralAccounts(2) != SeveralAccounts(3)
    assert shown == AppAccount(id="1", active=True, groups=frozenset())
    assert shown != replace(shown, active=None)
