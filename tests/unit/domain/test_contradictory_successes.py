"""A success that says in another place that it was none took nothing and confirms nothing."""

import json
from typing import Any

import pytest

from hasten.domain.proof import Says, proof
from hasten.domain.verdicts import Answer, Result, Verdict, read_verdict
from tests.unit.domain.rows import USERS
from tests.unit.domain.test_proof import KEEPS, LEFT, entry, member

SUCCESS = {"result": "Success", "details": {}}
DISABLED = {
    "action": "Disable",
    "statusInfo": {"status": "Success", "errorCode": None, "reason": None},
    "sourceIdentity": {"id": USERS[0], "type": "User"},
}
ODD_STEPS: list[Any] = [
    {"name": "EntryExportUpdate", "status": "Skipped", "details": {}},
    {"type": "unknownFutureValue", "status": "Skipped"},
    {"Name": "EntryExportUpdate", "Type": "Export", "Status": "Skipped"},
    {"type": "Scoping", "status": "Skipped", "details": {"SkipReason": "NotEffectivelyEntitled"}},
    {"type": "Import", "status": "Success", "details": {"skipreason": "x"}},
    {"type": "Export", "status": "Success", "details": {"ErrorCode": "InsufficientRights"}},
    {"type": "export ", "status": "failure "},
    {"type": "Export", "status": ["Success"]},
    {"type": "Export", "status": None, "statusInfo": {"status": "Failure"}},
    "EntryExportUpdate: Skipped",
    None,
]


def judged(record: dict[str, Any], key: object = SUCCESS, **body: Any) -> Verdict:
    told = {"key": json.dumps(key), "value": json.dumps([record]), **body}
    return read_verdict(Answer(200, json.dumps(told).encode()), about={USERS[0]})


def test_a_plain_success_took_the_account() -> None:
    assert judged(DISABLED).took
    exported = {"type": " Export ", "status": "Success "}
    assert judged({**DISABLED, "provisioningSteps": [exported]}).took
    assert proof(LEFT, [entry(" Disable", "success ")]).says is Says.CONFIRMED


@pytest.mark.parametrize("step", ODD_STEPS)
def test_a_step_that_was_skipped_has_failed_or_cannot_be_read_took_nothing(step: Any) -> None:
    assert not judged({**DISABLED, "provisioningSteps": [step]}).took
    assert proof(LEFT, [entry("disable", provisioningSteps=[step])]).says is Says.NOTHING
    assert proof(KEEPS, [entry("delete", provisioningSteps=[step])]).says is Says.NOTHING
    left = {**member(old=USERS[0]), "provisioningSteps": [step]}
    assert proof(KEEPS, [left]).says is Says.NOTHING


def test_steps_in_a_text_are_no_steps_that_succeeded() -> None:
    assert not judged({**DISABLED, "provisioningSteps": "[]"}).took


@pytest.mark.parametrize("status", ["success", "Succeeded"])
def test_a_success_with_an_error_code_proves_nothing(status: str) -> None:
    told = {"status": status, "errorCode": "InsufficientRights"}

    assert not judged({**DISABLED, "statusInfo": told}).took
    assert not judged(DISABLED, {"result": status, "details": {"errorCode": "Conflict"}}).took
    assert proof(LEFT, [entry("disable", status, code="InsufficientRights")]).says is Says.NOTHING
    assert proof(KEEPS, [entry("delete", status, code="InsufficientRights")]).says is Says.NOTHING


@pytest.mark.parametrize(
    "info",
    [
        [{"status": "Failure", "errorCode": "X"}],
        [],
        "Failure",
        0,
        False,
        {"status": 0},
        {"status": ""},
        {"status": False},
        {"status": []},
        {"status": ["Success"]},
        {"status": {"value": "Failure"}},
    ],
)
def test_a_status_that_cannot_be_read_makes_the_answer_unreadable(info: object) -> None:
    verdict = judged({**DISABLED, "statusInfo": info})

    assert (verdict.result, verdict.took) == (Result.UNAVAILABLE, False)


@pytest.mark.parametrize("info", [None, {}, {"status": None}])
def test_a_status_that_is_not_said_leaves_the_word_to_the_key(info: object) -> None:
    assert judged({**DISABLED, "statusInfo": info}).took


@pytest.mark.parametrize("result", [0, "", False, [], ["Success"], {}])
def test_a_result_that_cannot_be_read_makes_the_answer_unreadable(result: object) -> None:
    assert judged(DISABLED, {"result": result}).result is Result.UNAVAILABLE


ERROR = {"code": "InternalServerError", "message": "x"}


@pytest.mark.parametrize("error", [ERROR, "x", [ERROR]])
def test_an_error_beside_a_success_makes_the_answer_unreadable(error: object) -> None:
    assert judged(DISABLED, error=error).result is Result.UNAVAILABLE
    assert judged(DISABLED, {**SUCCESS, "error": error}).result is Result.UNAVAILABLE
    assert judged({**DISABLED, "error": error}).result is Result.UNAVAILABLE
    assert judged(DISABLED, error=None).took


@pytest.mark.parametrize("other", ["text", 7, [DISABLED], None])
def test_a_record_that_is_no_object_spoils_the_one_beside_it(other: object) -> None:
    body = {"key": json.dumps(SUCCESS), "value": json.dumps([DISABLED, other])}

    assert not read_verdict(Answer(200, json.dumps(body).encode())).took
