"""What the provisioning log proves of a call."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Change
from hasten.domain.cycle import ENTRA_CLOCK_SKEW
from hasten.domain.proof import Says, proof
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, removal


def entry(
    action: str = "create",
    status: str = "success",
    *,
    about: str = USERS[0],
    seconds: float = 1,
    code: str = "",
    **more: Any,
) -> dict[str, Any]:
    at = NOW + timedelta(seconds=seconds)
    error = {"errorCode": code, "reason": "the app said no to 'Ada Berg'"} if code else None
    return {
        "activityDateTime": at.isoformat(),
        "provisioningAction": action,
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
        "sourceIdentity": {"id": about},
        **more,
    }


def steps(**details: str) -> list[dict[str, Any]]:
    return [{"type": "Matching", "status": "Success", "details": details}]


def skipped_in(reason: str, *, about: str = USERS[0], **details: str) -> dict[str, Any]:
    """As the wire has it: no errorInformation, the reason in a step."""
    skip = {"type": "Export", "status": "Skipped", "details": {"SkipReason": reason}}
    return {
        "activityDateTime": (NOW + timedelta(seconds=1)).isoformat(),
        "provisioningAction": "other",
        "provisioningStatusInfo": {"status": "skipped", "errorInformation": None},
        "provisioningSteps": [*steps(**details), skip],
        "sourceIdentity": {"id": about},
    }


def with_step(action: str, kind: str, status: str) -> dict[str, Any]:
    """An entry that says success, and its step of this kind says `status`."""
    step = {"provisioningStepType": kind, "status": status, "details": {}}
    return entry(action, provisioningSteps=[step])


def exported(action: str, status: str) -> dict[str, Any]:
    return with_step(action, "export", status)


def member(
    *,
    old: str | None = None,
    new: str | None = None,
    of: str = "members",
    about: str = GROUPS[0],
    status: str = "success",
    export: str = "success",
) -> dict[str, Any]:
    """An entry about the group that names a member among what was changed."""
    changed = {"displayName": of, "oldValue": old, "newValue": new}
    step = {"provisioningStepType": "export", "status": export, "details": {}}
    return entry(
        "update", status, about=about, modifiedProperties=[changed], provisioningSteps=[step]
    )


ACTIVE_ON = [{"displayName": "active", "oldValue": '"False"', "newValue": "True"}]
ACTIVE_OFF = [{"displayName": "active", "oldValue": "True", "newValue": '"False"'}]


JOINED, LEFT = change(called_at=NOW), removal(called_at=NOW)
KEEPS = replace(LEFT, keeps_assignment=True)


@pytest.mark.parametrize(
    ("row", "told", "says"),
    [
        (JOINED, entry("create"), Says.CONFIRMED),
        (JOINED, entry("update"), Says.NOTHING),
        (JOINED, entry("other", "skipped", code="RedundantExport"), Says.SKIPPED),
        (JOINED, skipped_in("RedundantExport", active="True"), Says.CONFIRMED),
        (JOINED, skipped_in("RedundantExport", active="False"), Says.SKIPPED),
        (JOINED, skipped_in("NotEffectivelyEntitled", active="True"), Says.SKIPPED),
        (JOINED, skipped_in("RedundantExport", about=GROUPS[0], active="True"), Says.NOTHING),
        (JOINED, entry("update", about=GROUPS[0]), Says.NOTHING),
        (JOINED, member(new=USERS[0]), Says.CONFIRMED),
        (JOINED, member(new=USERS[1]), Says.NOTHING),
        (JOINED, member(old=USERS[0]), Says.CONTRADICTED),
        (replace(JOINED, group=DIRECT), entry("update"), Says.CONFIRMED),
        (JOINED, entry("create", "failure", code="LicenseLimitExceeded"), Says.CONTRADICTED),
        (JOINED, entry("disable"), Says.SKIPPED),
        (JOINED, entry("create", about=USERS[1]), Says.NOTHING),
        (JOINED, entry("other", "skipped", code="NotEffectivelyEntitled"), Says.SKIPPED),
        (LEFT, entry("disable"), Says.CONFIRMED),
        (LEFT, entry("update"), Says.NOTHING),
        (LEFT, entry("update", modifiedProperties=ACTIVE_OFF), Says.CONFIRMED),
        (LEFT, entry("other", "skipped", code="RedundantExport"), Says.NOTHING),
        (LEFT, skipped_in("RedundantExport"), Says.NOTHING),
        (LEFT, skipped_in("RedundantExport", userName="ada"), Says.NOTHING),
        (LEFT, skipped_in("NotEffectivelyEntitled", active="False"), Says.CONFIRMED),
        (LEFT, skipped_in("NotEffectivelyEntitled", active="True"), Says.CONTRADICTED),
        (LEFT, skipped_in("NotEffectivelyEntitled", active="maybe"), Says.NOTHING),
        (LEFT, member(old=USERS[0]), Says.NOTHING),
        (KEEPS, member(old=USERS[0]), Says.CONFIRMED),
        (KEEPS, member(old=USERS[1]), Says.NOTHING),
        (KEEPS, member(new=USERS[0]), Says.CONTRADICTED),
        (KEEPS, member(old=f'["{USERS[0]}"]', new=f'["{USERS[0]}"]'), Says.NOTHING),
        (KEEPS, member(old=f'[{{"value": "{USERS[0]}"}}]', new="[]"), Says.CONFIRMED),
        (KEEPS, member(old=USERS[0], of="owners"), Says.NOTHING),
        (KEEPS, member(old=USERS[0], about=GROUPS[1]), Says.NOTHING),
        (KEEPS, entry("update", "failure", code="Timeout"), Says.NOTHING),
        (KEEPS, skipped_in("RedundantExport", active="True"), Says.NOTHING),
        (KEEPS, entry("disable"), Says.NOTHING),
        (KEEPS, entry("delete"), Says.CONFIRMED),
        (JOINED, member(new=USERS[0], of="owners"), Says.NOTHING),
        (JOINED, member(new=USERS[0], about=GROUPS[1]), Says.NOTHING),
        (JOINED, member(new=f'["{USERS[1]}", "{USERS[0].upper()}"]'), Says.CONFIRMED),
        (LEFT, entry("disable", "failure", code="Timeout"), Says.CONTRADICTED),
        (LEFT, entry("disable", "warning"), Says.NOTHING),
        (LEFT, entry("update", "warning", modifiedProperties=ACTIVE_OFF), Says.NOTHING),
        (LEFT, exported("disable", "Skipped"), Says.NOTHING),
        (LEFT, exported("delete", "Failure"), Says.NOTHING),
        (LEFT, exported("disable", "Success"), Says.CONFIRMED),
        (LEFT, with_step("disable", "matching", "Failure"), Says.NOTHING),
        (LEFT, with_step("delete", "", "failed"), Says.NOTHING),
        (LEFT, with_step("disable", "import", "Skipped"), Says.CONFIRMED),
        (KEEPS, with_step("delete", "referenceResolution", "Failure"), Says.NOTHING),
        (JOINED, with_step("create", "processing", "failure"), Says.NOTHING),
        (LEFT, entry("StagedDelete"), Says.CONTRADICTED),
        (LEFT, entry("stagedAction", "skipped"), Says.CONTRADICTED),
        (LEFT, entry("stagedDelete", "warning"), Says.CONTRADICTED),
        (LEFT, entry("stagedDelete", modifiedProperties=ACTIVE_OFF), Says.CONTRADICTED),
        (LEFT, entry("stagedDelete", about=USERS[1]), Says.NOTHING),
        (KEEPS, entry("stagedDelete"), Says.NOTHING),
        (JOINED, entry("stagedDelete"), Says.NOTHING),
        (replace(JOINED, group=DIRECT), entry("stagedDelete"), Says.NOTHING),
        (LEFT, entry("create"), Says.CONTRADICTED),
        (LEFT, entry("enable", "warning"), Says.CONTRADICTED),
        (LEFT, entry("update", modifiedProperties=ACTIVE_ON), Says.CONTRADICTED),
        (KEEPS, entry("delete", "warning"), Says.NOTHING),
        (KEEPS, member(old=USERS[0], status="warning"), Says.NOTHING),
        (KEEPS, member(new=USERS[0], status="warning"), Says.CONTRADICTED),
        (KEEPS, member(old=USERS[0], export="skipped"), Says.NOTHING),
        (KEEPS, member(old=USERS[0], export="failure"), Says.NOTHING),
        (KEEPS, member(new=USERS[0], export="warning"), Says.CONTRADICTED),
        (JOINED, member(new=USERS[0], export="skipped"), Says.NOTHING),
        (JOINED, member(old=USERS[0], export="failure"), Says.CONTRADICTED),
        (JOINED, exported("create", "Failure"), Says.NOTHING),
        (replace(JOINED, group=DIRECT), exported("update", "Skipped"), Says.NOTHING),
        (LEFT, entry("disable", modifiedProperties=ACTIVE_ON), Says.CONTRADICTED),
        (LEFT, skipped_in("RedundantExport", active="False", Active="True"), Says.CONTRADICTED),
    ],
)
def test_an_entry_after_the_call_confirms_contradicts_or_concerns_something_else(
    row: Change, told: dict[str, Any], says: Says
) -> None:
    assert proof(row, [told]).says is says


@pytest.mark.parametrize(
    ("row", "told", "passes"),
    [
        (JOINED, member(old=USERS[0]), True),
        (LEFT, entry("disable", "failure", code="Timeout"), True),
        (JOINED, entry("create", "failure", code="LicenseLimitExceeded"), False),
        (LEFT, skipped_in("NotEffectivelyEntitled", active="True"), False),
        (LEFT, entry("create"), False),
        (KEEPS, member(new=USERS[0]), False),
    ],
)
def test_a_contradiction_passes_by_itself_only_after_a_transient_error(
    row: Change, told: dict[str, Any], *, passes: bool
) -> None:
    assert proof(row, [told]).says is Says.CONTRADICTED
    assert proof(row, [told]).passes is passes


def test_an_entry_from_before_the_call_proves_nothing() -> None:
    before = entry(seconds=-ENTRA_CLOCK_SKEW.total_seconds() - 1)

    assert proof(JOINED, [before]).says is Says.NOTHING


def test_a_grant_that_was_confirmed_is_not_undone_by_a_later_failure_of_another_call() -> None:
    confirmed = entry("create", seconds=1)
    failed = entry("other", "failure", code="Timeout", seconds=30)

    assert proof(JOINED, [failed, confirmed]).says is Says.CONFIRMED
    assert proof(LEFT, [failed, confirmed]).says is Says.CONTRADICTED


@pytest.mark.parametrize(
    "told",
    [
        entry("create", seconds=20),
        entry("update", seconds=20, modifiedProperties=ACTIVE_ON),
        {
            **skipped_in("RedundantExport", active="True"),
            "activityDateTime": entry(seconds=20)["activityDateTime"],
        },
    ],
)
def test_what_a_later_call_gave_the_user_does_not_prove_the_membership(
    told: dict[str, Any],
) -> None:
    answered = replace(JOINED, finished_at=NOW + timedelta(seconds=3))
    own = entry("create", seconds=2)

    assert proof(answered, [told]).says is Says.NOTHING
    assert proof(answered, [told, own]).says is Says.CONFIRMED
    assert proof(replace(answered, group=DIRECT), [told]).says is Says.CONFIRMED


@pytest.mark.parametrize("action", ["create", "enable"])
@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (-0.1, Says.NOTHING),
        (1.4, Says.NOTHING),
        (1.5, Says.CONFIRMED),
        (3, Says.CONFIRMED),
        (3.1, Says.NOTHING),
    ],
)
def test_only_what_the_second_half_of_the_call_gave_the_user_proves_the_membership(
    action: str, seconds: float, says: Says
) -> None:
    answered = replace(JOINED, finished_at=NOW + timedelta(seconds=3))
    told = entry(action, seconds=seconds)

    assert proof(answered, [told]).says is says
    assert proof(replace(answered, group=DIRECT), [told]).says is Says.CONFIRMED


def test_the_newest_word_about_the_user_decides() -> None:
    failed = entry("disable", "failure", code="Timeout", seconds=1)
    disabled = entry("disable", seconds=30)

    assert proof(LEFT, [disabled, failed]).says is Says.CONFIRMED
    assert proof(LEFT, [failed, entry("update", about=GROUPS[0])]).says is Says.CONTRADICTED


@pytest.mark.parametrize(
    "told",
    [entry("enable", seconds=30), entry("update", seconds=30, modifiedProperties=ACTIVE_ON)],
)
def test_an_account_that_was_given_again_after_it_was_taken_is_not_taken(
    told: dict[str, Any],
) -> None:
    disabled = entry("disable", seconds=1)

    assert proof(LEFT, [disabled, told]).says is Says.CONTRADICTED
    assert proof(LEFT, [told, entry("disable", seconds=60)]).says is Says.CONFIRMED


@pytest.mark.parametrize("seconds", [-3, 0, 3])
def test_of_two_entries_of_one_second_the_one_that_contradicts_decides(seconds: float) -> None:
    disabled, enabled = entry("disable", seconds=seconds), entry("enable", seconds=seconds)

    for told in ([disabled, enabled], [enabled, disabled], [disabled, enabled, disabled]):
        assert proof(LEFT, told).says is Says.CONTRADICTED


def test_a_contradiction_gives_the_logs_reason_without_names_and_a_next_action() -> None:
    told = proof(JOINED, [entry("create", "failure", code="LicenseLimitExceeded")])

    assert told.reason.startswith("LicenseLimitExceeded: the app said no")
    assert "Ada" not in told.reason
    assert "licence" in told.next_action
