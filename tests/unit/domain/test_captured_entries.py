"""Log entries in the shape of published captures: whole seconds, both spellings of the action, the
reason of a skip only in a step, keys of details as the portal shows them, and identities without
details."""

from typing import Any

import pytest

from hasten.domain.proof import Says, proof
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, removal

LEFT = removal(called_at=NOW)
JOINED = change(called_at=NOW)
SCIM_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def step(kind: str, name: str, status: str, said: str = "", **details: str) -> dict[str, Any]:
    return {
        "name": name,
        "provisioningStepType": kind,
        "status": status,
        "description": said,
        "details": details,
    }


def captured(action: str, status: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    at = NOW.replace(microsecond=0)
    return {
        "id": "9d7b5f0e-31a4-4f5e-8a55-0c54c1f5a001",
        "activityDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "action": action.capitalize(),
        "provisioningAction": action,
        "durationInMilliseconds": 1640,
        "provisioningStatusInfo": {"status": status, "errorInformation": None},
        "provisioningSteps": list(steps),
        "modifiedProperties": [],
        "sourceIdentity": {
            "id": USERS[0],
            "displayName": "Bo Bobson",
            "identityType": "User",
            "details": {},
        },
        "targetIdentity": {
            "id": "",
            "displayName": "",
            "identityType": SCIM_USER,
            "details": {},
        },
        "servicePrincipal": {"id": GROUPS[0], "displayName": "Total"},
        **more,
    }


IMPORTED = step("import", "EntryImportUpdate", "success", "Received User 'bo@example.com'")
UNMATCHED = step(
    "matching",
    "EntrySynchronizationAdd",
    "success",
    "User 'bo@example.com' will be created (no matching User was found)",
)
OUT_OF_SCOPE = captured(
    "other",
    "skipped",
    IMPORTED,
    step(
        "scoping",
        "EntrySynchronizationSkip",
        "skipped",
        "The User 'bo@example.com' will be skipped.",
        **{
            "Active in the source system": "True",
            "Assigned to the application": "False",
            "User has the required role": "False",
            "Scoping filter evaluation passed": "True",
            "SkipReason": "NotEffectivelyEntitled",
        },
    ),
)
REFUSED_VALUE = captured(
    "create",
    "skipped",
    IMPORTED,
    UNMATCHED,
    step(
        "export",
        "EntryExportSkip",
        "skipped",
        SkipReason="AttributeValidationFailed",
        PropertyName="displayName",
    ),
)
RENAMED = captured(
    "update",
    "success",
    IMPORTED,
    step("export", "EntryExportUpdate", "success", ReportableIdentifier="bo@example.com"),
    modifiedProperties=[{"displayName": "title", "oldValue": None, "newValue": "Nurse"}],
)
DISABLED = captured(
    "disable",
    "success",
    IMPORTED,
    step("export", "EntryExportUpdate", "success", ReportableIdentifier="bo@example.com"),
    modifiedProperties=[{"displayName": "active", "oldValue": "True", "newValue": "False"}],
)
GROUP_REFUSED = captured(
    "create",
    "failure",
    step("export", "EntryExportAdd", "failure"),
    sourceIdentity={"id": "", "displayName": "", "identityType": "Group", "details": {}},
)


@pytest.mark.parametrize("told", [OUT_OF_SCOPE, REFUSED_VALUE, RENAMED, GROUP_REFUSED])
def test_what_entra_logs_about_somebody_with_access_proves_no_removal(
    told: dict[str, Any],
) -> None:
    said = proof(LEFT, [told])

    assert said.says is not Says.CONFIRMED
    assert not said.is_absent


def test_a_captured_disable_proves_the_removal_and_not_that_the_account_is_gone() -> None:
    said = proof(LEFT, [DISABLED])

    assert said.says is Says.CONFIRMED
    assert not said.is_absent


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (OUT_OF_SCOPE, Says.SKIPPED),
        (REFUSED_VALUE, Says.CONTRADICTED),
        (GROUP_REFUSED, Says.NOTHING),
    ],
)
def test_a_captured_skip_or_failure_confirms_no_grant(told: dict[str, Any], says: Says) -> None:
    assert proof(JOINED, [told]).says is says


def test_disabled_and_given_again_within_one_shown_second_is_not_taken() -> None:
    given = captured("enable", "success", IMPORTED, step("export", "EntryExportUpdate", "success"))

    for told in ([DISABLED, given], [given, DISABLED]):
        assert proof(LEFT, told).says is Says.CONTRADICTED
