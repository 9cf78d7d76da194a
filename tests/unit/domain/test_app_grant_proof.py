"""What the app itself and the provisioning log prove together of a grant."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.app_account import AppAccount, NoAccount
from hasten.domain.app_grant_proof import (
    APP_SHOWS_WITHIN,
    NO_ACTIVE,
    NOT_A_MEMBER,
    UNREAD_GRANT_MAX_WAIT,
    WantedGrant,
    granted,
    is_contradicted,
    is_shown_in_app,
    needs_account_only,
)
from hasten.domain.app_proof import APP_HAS_NOT_SHOWN, UNCLEAR, Shown, Unclear
from hasten.domain.changes import DIRECT, Action, Change, State
from hasten.domain.proof import NO_PROOF, Proof, Says
from tests.unit.domain.rows import NOW, change, of_person

INSTANT = timedelta(microseconds=1)
DONE, OUT = Proof(Says.CONFIRMED), Proof(Says.LEFT_OUT, "not named")
CONTRA = Proof(Says.CONTRADICTED, "removed")
INACTIVE, SILENT, NONE = (
    AppAccount(id="7", active=False),
    AppAccount(id="7", active=None),
    NoAccount(),
)
BUSY = Unclear("the app answered 503")
BY_USER = WantedGrant(by_group=False, group="", is_assigned=True)
BY_GROUP = WantedGrant(by_group=True, group="Eng", is_assigned=True)
ROW = change(state=State.SUCCEEDED)
EARLY, LATE = APP_SHOWS_WITHIN - INSTANT, APP_SHOWS_WITHIN
SEEN = "the app itself says active at 2026-03-02 09:00:00Z"


def active(*groups: str) -> AppAccount:
    return AppAccount(id="7", active=True, groups=frozenset(groups))


def judged(
    log: Proof, shown: Shown, wanted: WantedGrant, age: timedelta, row: Change = ROW
) -> Proof:
    return granted(replace(row, called_at=NOW - age), log, shown, wanted, at=NOW)


@pytest.mark.parametrize(
    ("log", "shown", "wanted", "age", "says", "reason"),
    [
        (NO_PROOF, active(), BY_USER, EARLY, Says.CONFIRMED, SEEN),
        (CONTRA, active(), BY_USER, LATE, Says.CONTRADICTED, CONTRA.reason),
        (OUT, active("eng"), BY_GROUP, LATE, Says.LEFT_OUT, OUT.reason),
        (NO_PROOF, active("eng", "x"), BY_GROUP, EARLY, Says.CONFIRMED, f"{SEEN}, and shows"),
        (NO_PROOF, active("x"), BY_GROUP, EARLY, Says.UNSHOWN, NOT_A_MEMBER),
        (NO_PROOF, active("x"), BY_GROUP, LATE, Says.LEFT_OUT, NOT_A_MEMBER),
        (DONE, active("x"), BY_GROUP, LATE, Says.LEFT_OUT, NOT_A_MEMBER),
        (
            DONE,
            active("x"),
            replace(BY_GROUP, is_assigned=False),
            LATE,
            Says.UNSHOWN,
            NOT_A_MEMBER,
        ),
        (DONE, active("x"), replace(BY_GROUP, group=""), LATE, Says.CONFIRMED, f"{SEEN}; the log"),
        (DONE, active(), BY_GROUP, LATE, Says.CONFIRMED, f"{SEEN}; the log shows the membership"),
        (NO_PROOF, active(), BY_GROUP, LATE, Says.NOTHING, ""),
        (DONE, INACTIVE, BY_USER, EARLY, Says.UNSHOWN, NO_ACTIVE),
        (DONE, NONE, BY_USER, EARLY, Says.UNSHOWN, NO_ACTIVE),
        (DONE, INACTIVE, BY_USER, LATE, Says.CONTRADICTED, NO_ACTIVE),
        (DONE, NONE, BY_USER, LATE, Says.CONTRADICTED, NO_ACTIVE),
        (CONTRA, NONE, BY_USER, EARLY, Says.CONTRADICTED, NO_ACTIVE),
        (OUT, INACTIVE, BY_USER, EARLY, Says.CONTRADICTED, NO_ACTIVE),
        (DONE, NONE, replace(BY_USER, is_assigned=False), LATE, Says.CONFIRMED, ""),
        (DONE, BUSY, BY_USER, LATE, Says.UNSHOWN, BUSY.reason),
        (DONE, SILENT, BY_USER, LATE, Says.UNSHOWN, UNCLEAR),
        (NO_PROOF, BUSY, BY_USER, LATE, Says.NOTHING, ""),
        (OUT, SILENT, BY_USER, LATE, Says.LEFT_OUT, OUT.reason),
        (DONE, BUSY, BY_USER, UNREAD_GRANT_MAX_WAIT - INSTANT, Says.UNSHOWN, BUSY.reason),
        (
            DONE,
            BUSY,
            BY_USER,
            UNREAD_GRANT_MAX_WAIT,
            Says.CONFIRMED,
            f"the provisioning log shows it{APP_HAS_NOT_SHOWN}{BUSY.reason}",
        ),
    ],
)
def test_an_active_account_and_its_membership_prove_a_grant(
    log: Proof, shown: Shown, wanted: WantedGrant, age: timedelta, *, says: Says, reason: str
) -> None:
    found = judged(log, shown, wanted, age)

    assert found.says is says
    assert found.reason.startswith(reason)
    assert (found.reason == "") is (reason == "")
    assert found.passes is (found.reason == NO_ACTIVE and says is Says.CONTRADICTED)


def test_a_user_without_the_membership_is_called_alone_once() -> None:
    again = judged(NO_PROOF, active("x"), BY_GROUP, LATE, replace(ROW, contradicted=1))

    assert again.says is Says.UNSHOWN


def test_a_row_without_a_call_counts_from_when_it_was_found() -> None:
    row = replace(ROW, found_at=NOW - APP_SHOWS_WITHIN)

    assert granted(row, DONE, NONE, BY_USER, at=NOW).says is Says.CONTRADICTED
    assert granted(ROW, DONE, NONE, BY_USER, at=NOW).says is Says.UNSHOWN


@pytest.mark.parametrize(
    ("action", "state", "is_shown"),
    [
        (Action.ADDED, State.SUCCEEDED, True),
        (Action.ENABLED, State.IN_SYNC, True),
        (Action.RESTORED, State.SUCCEEDED, True),
        (Action.UPDATED, State.SUCCEEDED, False),
        (Action.REMOVED, State.SUCCEEDED, False),
        (Action.ADDED, State.FAILED, False),
        (Action.ADDED, State.CONFIRMED, False),
    ],
)
def test_the_app_shows_grants_that_were_answered(
    action: Action, state: State, *, is_shown: bool
) -> None:
    assert is_shown_in_app(change(action=action, state=state)) is is_shown


def test_only_a_grant_by_the_group_needs_the_membership() -> None:
    assert not needs_account_only(change(), by_user=False)
    assert needs_account_only(change(), by_user=True)
    assert needs_account_only(change(group=DIRECT), by_user=False)
    assert needs_account_only(of_person(Action.ENABLED), by_user=False)


def test_a_grant_is_contradicted_if_it_failed_because_the_app_does_not_show_it() -> None:
    assert is_contradicted(change(state=State.FAILED, reason=NO_ACTIVE))
    assert not is_contradicted(change(state=State.FAILED, reason="x"))
    assert not is_contradicted(change(state=State.SUCCEEDED, reason=NO_ACTIVE))
