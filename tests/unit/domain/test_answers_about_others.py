"""Answers with records about other objects than the user of the call: they prove nothing about the
user."""

import json
from typing import Any

import pytest

from hasten.domain.account import Account
from hasten.domain.verdicts import Answer, Result, Verdict, read_verdict
from tests.unit.domain.rows import GROUPS, USERS

TYPE_NAME = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"
IN_SYNC = {"result": "Skipped", "details": {"errorCode": "RedundantExport"}}
OWN, OTHER = USERS[0], USERS[1]


def record(about: object, active: str, *, status: str = "Skipped", **more: Any) -> dict[str, Any]:
    match = {"type": "Matching", "status": "Success", "details": {"active": active}}
    details = {"SkipReason": "RedundantExport"} if status == "Skipped" else {}
    skip = {"type": "Export", "status": status, "details": details}
    identity = about if isinstance(about, dict) or about is None else {"id": about, "type": "User"}
    return {
        "sourceIdentity": identity,
        "statusInfo": {"status": status},
        "provisioningSteps": [match, skip],
        **more,
    }


def judged(*records: dict[str, Any], key: object = TYPE_NAME) -> Verdict:
    key = key if isinstance(key, str) else json.dumps(key)
    body = json.dumps({"key": key, "value": json.dumps(records)})
    return read_verdict(Answer(200, body.encode()), about={OWN})


@pytest.mark.parametrize("key", [TYPE_NAME, IN_SYNC])
@pytest.mark.parametrize("other", [OTHER, GROUPS[0], "jane@contoso.com", 7])
def test_an_account_of_somebody_else_is_not_that_of_the_user(key: object, other: object) -> None:
    verdict = judged(record(other, "False"), key=key)

    assert (verdict.result, verdict.account) == (Result.IN_SYNC, Account.UNKNOWN)


@pytest.mark.parametrize("id_", [OWN, OWN.upper(), "", None])
def test_a_record_about_the_user_or_without_an_id_shows_the_account(id_: object) -> None:
    assert judged(record({"id": id_}, "False")).account is Account.INACTIVE
    assert judged(record(None, "False")).account is Account.INACTIVE


@pytest.mark.parametrize("first", [True, False])
def test_of_several_people_only_the_user_counts(first: bool) -> None:  # noqa: FBT001 - a case
    own, other = record(OWN, "True"), record(OTHER, "False")

    verdict = judged(*((own, other) if first else (other, own)))

    assert verdict.account is Account.ACTIVE


def test_an_export_that_disabled_somebody_else_took_nothing_from_the_user() -> None:
    other = record(OTHER, "True", status="Success", action="Disable")
    own = record(OWN, "True", status="Success", action="Update")

    assert (judged(other).result, judged(other).took) == (Result.SUCCEEDED, False)
    assert not judged(own, other).took
    assert judged(record(OWN, "True", status="Success", action="Disable")).took


def test_somebody_else_who_is_disabled_is_not_the_user() -> None:
    scoping = {"type": "Scoping", "status": "Skipped", "details": {"IsActive": "False"}}
    key = {"result": "Skipped", "details": {"errorCode": "NotEffectivelyEntitled"}}

    def of(user: str) -> Result:
        return judged(
            {"sourceIdentity": {"id": user}, "provisioningSteps": [scoping]}, key=key
        ).result

    assert (of(OWN), of(OTHER)) == (Result.DISABLED, Result.NOT_ENTITLED)


@pytest.mark.parametrize(
    "details",
    [
        '{"active": "True", "active": "False"}',
        '{"active": "False", "active": "True"}',
        '{"active": "False", "id": "7", "id": "8"}',
    ],
)
def test_a_value_with_a_key_twice_shows_no_account(details: str) -> None:
    step = f'{{"type": "Matching", "status": "Success", "details": {details}}}'
    value = f'{{"provisioningSteps": [{step}]}}'
    body = json.dumps({"key": json.dumps(IN_SYNC), "value": value}).encode()

    verdict = read_verdict(Answer(200, body), about={OWN})

    assert (verdict.result, verdict.account) == (Result.IN_SYNC, Account.UNKNOWN)


def test_an_answer_with_a_key_twice_is_no_answer() -> None:
    success = json.dumps(json.dumps({"result": "Success"}))
    body = f'{{"key": {success}, "key": {success}, "value": "{{}}"}}'

    assert read_verdict(Answer(200, body.encode())).result is Result.UNAVAILABLE


def test_the_worst_record_decides_about_the_call_whomever_it_is_about() -> None:
    own = record(OWN, "False", status="Success", action="Disable")
    failed = {"sourceIdentity": {"id": OTHER}, "statusInfo": {"status": "Failure"}}

    assert judged(own, failed).result is Result.FAILED
