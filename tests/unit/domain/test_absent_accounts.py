"""An answer shows that the app has no account only where nothing in it names one. The log may leave
out what was matched, so it never shows that."""

from typing import Any

import pytest

from hasten.domain.account import Account, is_of, matched
from hasten.domain.proof import Says, proof
from tests.unit.domain.rows import GROUPS, USERS
from tests.unit.domain.test_proof import LEFT, skipped_in

OWN, OTHER = USERS[0], USERS[1]
EMPTY = {"type": "Matching", "status": "Success", "details": {}}


def found(step: dict[str, Any] | None = None, **record: Any) -> Account:
    return matched([{"provisioningSteps": [step or EMPTY], **record}])


@pytest.mark.parametrize(
    "target",
    [
        None,
        {},
        "",
        {"id": None},
        {"id": "", "type": "User", "displayName": None, "details": None},
        {"id": None, "identityType": "urn:ietf:params:scim:schemas:core:2.0:User", "details": {}},
    ],
)
@pytest.mark.parametrize("said", [None, "", "No user of the app matches"])
def test_a_matching_step_without_details_found_no_account_where_nothing_names_one(
    target: object, said: object
) -> None:
    assert found({**EMPTY, "description": said}, targetIdentity=target) is Account.ABSENT


@pytest.mark.parametrize(
    "target",
    [
        {"id": "7d1c0de5"},
        {"id": 7},
        {"id": None, "displayName": "Kim"},
        {"id": "", "details": {"userName": "kim"}},
        {"Id": "7d1c0de5"},
        [{"id": "7d1c0de5"}],
        "7d1c0de5",
    ],
)
def test_an_identity_in_the_app_is_an_account_whatever_the_matching_step_leaves_out(
    target: object,
) -> None:
    assert found(targetIdentity=target) is Account.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        "Retrieved 'kim@contoso.example' from customappsso",
        "Retrieved User 'Kim Example' from customappsso",
        "retrieved kim from customappsso",
        'Matched "kim" by userName',
        "Matched kim@contoso.example",
    ],
)
def test_a_step_that_says_whom_it_found_is_no_sign_of_an_absent_account(said: str) -> None:
    assert found({**EMPTY, "description": said}) is Account.UNKNOWN


@pytest.mark.parametrize("kind", ["type", "provisioningStepType"])
def test_the_log_does_not_show_an_absent_account(kind: str) -> None:
    entry = skipped_in("RedundantExport")
    entry["provisioningSteps"] = [{kind: "matching", "status": "success", "details": {}}]

    assert proof(LEFT, [entry]).says is Says.NOTHING


IMPORT = {"type": "Import", "status": "Success"}


@pytest.mark.parametrize(
    ("record", "is_own"),
    [
        ({}, True),
        ({"sourceIdentity": None}, True),
        ({"sourceIdentity": {"id": OWN, "type": "User"}}, True),
        ({"sourceIdentity": {"id": OWN.upper(), "type": " user "}}, True),
        ({"sourceIdentity": {"id": OTHER, "type": "User"}}, False),
        ({"sourceIdentity": {"id": "", "type": "Group"}}, False),
        ({"sourceIdentity": {"id": None, "type": "ServicePrincipal"}}, False),
        ({"sourceIdentity": [{"id": OWN}]}, False),
        ({"sourceIdentity": OWN}, False),
        ({"provisioningSteps": [{**IMPORT, "details": {"objectId": OWN}}]}, True),
        ({"provisioningSteps": [{**IMPORT, "details": {"objectId": OTHER}}]}, False),
        ({"provisioningSteps": [{**IMPORT, "details": {"ObjectID": OTHER}}]}, False),
        ({"modifiedProperties": [{"displayName": "objectId", "newValue": OTHER}]}, False),
        ({"modifiedProperties": [{"displayName": "objectId", "newValue": f'"{OWN}"'}]}, True),
        (
            {
                "sourceIdentity": {"id": "", "type": "User"},
                "provisioningSteps": [{**IMPORT, "details": {"objectId": GROUPS[0]}}],
            },
            False,
        ),
    ],
)
def test_a_record_is_about_the_user_unless_it_names_something_else(
    record: dict[str, Any],
    is_own: bool,  # noqa: FBT001 - what is expected
) -> None:
    assert is_of(record, {OWN}) is is_own
