"""What an answer shows of an account, in the shapes that documents and reports give."""

from typing import Any

import pytest

from hasten.domain.account import Account, matched, took


def record(**details: Any) -> dict[str, Any]:
    return {"provisioningSteps": [{"type": "Matching", "status": "Success", "details": details}]}


def failed(status: str | None = "Failure", **details: Any) -> dict[str, Any]:
    return {"provisioningSteps": [{"type": "Matching", "status": status, "details": details}]}


def logged(**details: Any) -> dict[str, Any]:
    """As the provisioning log has it."""
    step = {"provisioningStepType": "matching", "status": "success", "details": details}
    return {"provisioningSteps": [step]}


@pytest.mark.parametrize(
    ("records", "account"),
    [
        ([record(active="True", id="7")], Account.ACTIVE),
        ([record(Active="False")], Account.INACTIVE),
        ([logged(active="False")], Account.INACTIVE),
        ([logged(active="True")], Account.ACTIVE),
        ([logged()], Account.UNKNOWN),
        ([record(active="true")], Account.ACTIVE),
        ([record(active=True)], Account.ACTIVE),
        ([record(active="False", id="7")], Account.INACTIVE),
        ([record(active=False)], Account.INACTIVE),
        ([record()], Account.ABSENT),
        ([record(id="7", userName="ada")], Account.UNKNOWN),
        ([record(active=None)], Account.UNKNOWN),
        ([record(active="")], Account.UNKNOWN),
        ([record(active="maybe")], Account.UNKNOWN),
        ([record(active="True"), record(active="False")], Account.ACTIVE),
        ([record(active="False"), record(active="True")], Account.ACTIVE),
        ([record(active="True"), record()], Account.ACTIVE),
        ([record(), record(active="False")], Account.INACTIVE),
        ([record(active="False"), record()], Account.INACTIVE),
        ([record(active="False"), record(id="8")], Account.UNKNOWN),
        ([record(), failed()], Account.UNKNOWN),
        ([record(active="True", Active="False")], Account.ACTIVE),
        ([record(active="False", Active="maybe")], Account.UNKNOWN),
        ([failed(active="False")], Account.UNKNOWN),
        ([failed(active="True")], Account.UNKNOWN),
        ([failed()], Account.UNKNOWN),
        ([failed(status=None, active="False")], Account.UNKNOWN),
        ([{"provisioningSteps": [{"type": "Matching", "status": "Failure"}]}], Account.UNKNOWN),
        (
            [{"provisioningSteps": [{"type": "Matching", "status": "Skipped", "details": {}}]}],
            Account.UNKNOWN,
        ),
        ([{"provisioningSteps": [{"type": "Matching", "details": "False"}]}], Account.UNKNOWN),
        ([{"provisioningSteps": [{"type": "Import", "details": {"active": "False"}}]}], "unknown"),
        (
            [
                {
                    "provisioningSteps": [
                        {"type": "Import"},
                        *record(active="False")["provisioningSteps"],
                    ]
                }
            ],
            Account.INACTIVE,
        ),
        (
            [{"provisioningSteps": [{"type": "Matching"}]}, record(active="False")],
            Account.UNKNOWN,
        ),
        ([{"provisioningSteps": "none"}], Account.UNKNOWN),
        ([{"provisioningSteps": None}], Account.UNKNOWN),
        ([{}], Account.UNKNOWN),
        ([], Account.UNKNOWN),
    ],
)
def test_only_a_matching_step_shows_an_account(
    records: list[dict[str, Any]], account: Account
) -> None:
    assert matched(records) == account
    assert matched(records).is_out is (account in {Account.INACTIVE, Account.ABSENT})


def changed(name: str, new: object) -> dict[str, Any]:
    return {"action": "Update", "modifiedProperties": [{"displayName": name, "newValue": new}]}


@pytest.mark.parametrize(
    ("records", "is_taken"),
    [
        ([{"action": "Disable"}], True),
        ([{"action": "disable"}], True),
        ([{"action": "Delete"}], True),
        ([{"action": "StagedDelete"}], False),
        ([{"action": "StagedAction"}], False),
        ([changed("active", "False")], True),
        ([changed("active", '"False"')], True),
        ([changed("Active", new=False)], True),
        ([changed("active", "True")], False),
        ([changed("active", None)], False),
        ([changed("accountEnabled", "False")], False),
        ([changed("title", "False")], False),
        ([{"action": "Update"}], False),
        ([{"action": "Other", "modifiedProperties": None}], False),
        ([{"action": "Disable"}, {"action": "Enable"}], False),
        ([{"action": "Create"}, changed("active", "False")], False),
        ([changed("active", "False"), changed("active", "True")], False),
        ([{"action": "Disable"}, {"action": "Update"}], True),
        ([{}], False),
        ([], False),
    ],
)
def test_a_success_took_an_account_only_by_its_action_or_by_setting_active_to_false(
    records: list[dict[str, Any]],
    is_taken: bool,  # noqa: FBT001 - a case
) -> None:
    assert took(records) is is_taken
