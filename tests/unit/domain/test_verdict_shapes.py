"""Answers that vary in spelling, or have no known shape: never a success by mistake."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.redaction import EVIDENCE_MAX_CHARS
from hasten.domain.verdicts import WARNED, Answer, Result, Verdict, read_verdict

HARMLESS_SKIPS = {"redundantexport", "noteffectivelyentitled"}
KNOWN_WORDS = {"success", "succeeded", "warning", "skipped", "failure", "failed"}
TYPE_NAME = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"


def judged(key: object, value: object) -> Verdict:
    """Both are strings in the answer: what is not one yet is written as JSON."""
    key, value = (part if isinstance(part, str) else json.dumps(part) for part in (key, value))
    return read_verdict(Answer(200, json.dumps({"key": key, "value": value}).encode()))


@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("Success", Result.SUCCEEDED),
        ("success", Result.SUCCEEDED),
        ("Succeeded", Result.SUCCEEDED),
        ("Failure", Result.FAILED),
        ("FAILED", Result.FAILED),
        ("skipped", Result.FAILED),
        ("SKIPPED", Result.FAILED),
    ],
)
@pytest.mark.parametrize("shape", ["key", "statusInfo"])
def test_the_casing_and_form_of_the_result_do_not_matter(
    word: str, result: Result, shape: str
) -> None:
    if shape == "key":
        verdict = judged({"result": word, "details": {"errorCode": "Conflict"}}, {})
    else:
        info = {"status": word, "errorCode": "Conflict"}
        verdict = judged(TYPE_NAME, [{"statusInfo": info}])

    assert (verdict.result, verdict.code) == (result, "Conflict")
    assert verdict.is_skip is (word.casefold() == "skipped")


@pytest.mark.parametrize(
    ("key", "info", "result"),
    [
        ("Success", "Skipped", Result.FAILED),
        ("Success", "Failure", Result.FAILED),
        ("Skipped", "Success", Result.FAILED),
        ("Success", "Warning", Result.SUCCEEDED),
        ("Warning", "Skipped", Result.FAILED),
        ("Failure", "Warning", Result.FAILED),
        ("Success", "Deferred", Result.UNAVAILABLE),
        ("Failure", "Deferred", Result.UNAVAILABLE),
        ("Success", "Success", Result.SUCCEEDED),
    ],
)
def test_the_worst_word_decides_when_the_parts_of_an_answer_disagree(
    key: str, info: str, result: Result
) -> None:
    record = {"action": "Disable", "statusInfo": {"status": info}}

    assert judged({"result": key, "details": {}}, record).result is result


def test_a_failure_decides_over_a_harmless_skip() -> None:
    key = {"result": "Skipped", "details": {"errorCode": "RedundantExport"}}

    assert judged(key, {"statusInfo": {"status": "Failure"}}).result is Result.FAILED
    assert judged(key, {"statusInfo": {"status": "Skipped"}}).result is Result.IN_SYNC


@pytest.mark.parametrize("status", ["Skipped", "Failure", "Warning", None])
def test_a_success_whose_export_step_says_otherwise_took_nothing(status: str | None) -> None:
    export: dict[str, object] = {"type": "Export", "status": status, "details": {}}
    record = {"action": "Disable", "provisioningSteps": [export]}

    verdict = judged({"result": "Success", "details": {}}, record)

    assert (verdict.result, verdict.took) == (Result.SUCCEEDED, False)


@pytest.mark.parametrize(
    ("key", "record"),
    [
        ({"result": "Warning", "details": {}}, {}),
        ({"result": "Success", "details": {}}, {"statusInfo": {"status": "warning"}}),
        (TYPE_NAME, {"statusInfo": {"status": "WARNING"}}),
        (TYPE_NAME, {"provisioningSteps": [{"type": "Scoping", "status": "Warning"}]}),
    ],
)
@pytest.mark.parametrize("action", ["Disable", "Update"])
def test_a_warning_is_an_answer_that_took_nothing(
    key: object, record: dict[str, object], action: str
) -> None:
    verdict = judged(key, [{"action": action, **record}])

    assert (verdict.result, verdict.reason) == (Result.SUCCEEDED, WARNED)
    assert (verdict.took, verdict.removes) == (False, action == "Disable")


def test_a_key_and_a_value_that_are_no_strings_are_read_too() -> None:
    body = {"key": {"result": "Success"}, "value": [{"action": "Disable"}]}

    verdict = read_verdict(Answer(200, json.dumps(body).encode()))

    assert (verdict.result, verdict.took) == (Result.SUCCEEDED, True)


@given(st.text().filter(lambda word: word.casefold() not in KNOWN_WORDS))
def test_a_result_never_seen_before_is_no_answer(word: str) -> None:
    verdict = judged({"result": word, "details": {}}, {})

    assert (verdict.result, verdict.code) == (Result.UNAVAILABLE, "UnreadableAnswer")


@given(st.text().filter(lambda code: code.casefold() not in HARMLESS_SKIPS))
def test_a_skip_is_harmless_only_for_the_reasons_known_to_be(code: str) -> None:
    verdict = judged({"result": "Skipped", "details": {"errorCode": code}}, {})

    assert verdict.result in {Result.FAILED, Result.TRANSIENT}


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_a_body_of_no_known_shape_is_no_answer_and_its_evidence_is_kept(body: bytes) -> None:
    verdict = read_verdict(Answer(200, body))

    assert (verdict.result, verdict.code) == (Result.UNAVAILABLE, "UnreadableAnswer")
    assert bool(verdict.evidence) is bool(body)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{}", b'{"key": null, "value": 5}', b"[" * 100_000, b"\xff\xfe"]
)
def test_an_empty_deep_or_broken_body_is_no_answer_and_no_crash(body: bytes) -> None:
    assert read_verdict(Answer(200, body)).code == "UnreadableAnswer"


@pytest.mark.parametrize("levels", [70, 300, 600, 900, 1500, 9000])
@pytest.mark.parametrize("form", ["[{}]", '{{"details": {}}}'])
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_nested_too_deeply_is_no_crash(levels: int, form: str, status: int) -> None:
    begin, end = form.format("0").split("0")
    deep = begin * levels + "0" + end * levels
    key = f'{{"result": "Failure", "details": {deep}}}'

    for part in (key, deep):
        within = json.dumps({"key": part, "value": deep, "error": {"code": part}})
        beside = f'{{"key": {part}, "value": {deep}, "error": {part}}}'
        for body in (within, beside):
            assert read_verdict(Answer(status, body.encode())).evidence


def test_json_in_strings_inside_one_another_is_no_crash() -> None:
    text = "[" * 60 + "0" + "]" * 60
    for _ in range(8):
        text = "[" * 60 + json.dumps(text) + "]" * 60

    assert len(read_verdict(Answer(200, text.encode())).evidence) <= EVIDENCE_MAX_CHARS + 1


def test_unreadable_evidence_is_redacted_and_bounded() -> None:
    body = b"<html>jane@contoso.com " + b"y" * 100_000

    verdict = read_verdict(Answer(200, body))

    assert "jane@" not in verdict.evidence
    assert len(verdict.evidence) <= EVIDENCE_MAX_CHARS + 1


@pytest.mark.parametrize("odd", ["Skipped", "Failure"])
def test_one_step_that_did_not_succeed_decides_over_those_that_did(odd: str) -> None:
    steps = [{"status": "Success"}, {"status": odd}, {"status": "Success"}]

    verdict = judged(TYPE_NAME, [{"provisioningSteps": steps}])

    assert verdict.result is Result.FAILED


def test_a_step_of_unknown_status_makes_the_answer_unreadable() -> None:
    steps = [{"status": "Success"}, {"status": "Deferred"}]

    verdict = judged(TYPE_NAME, [{"provisioningSteps": steps}])

    assert verdict.code == "UnreadableAnswer"


def test_a_status_without_a_code_takes_its_reason_from_the_step_that_skipped() -> None:
    step = {"status": "Skipped", "details": {"SkipReason": "RedundantExport"}}
    info = {"status": "Skipped", "errorCode": None}

    verdict = judged(TYPE_NAME, [{"statusInfo": info, "provisioningSteps": [step]}])

    assert (verdict.result, verdict.code) == (Result.IN_SYNC, "RedundantExport")


@pytest.mark.parametrize("name", ["IsActive", "Active in the source system"])
@pytest.mark.parametrize(
    ("active", "result"), [("False", Result.DISABLED), ("True", Result.NOT_ENTITLED)]
)
def test_not_entitled_and_disabled_are_different_verdicts(
    name: str, active: str, result: Result
) -> None:
    details = {name: active, "SkipReason": "NotEffectivelyEntitled"}
    steps = [{"details": {name: "not known yet"}}, {"details": details}]

    verdict = judged({"result": "Skipped"}, {"provisioningSteps": steps})

    assert verdict.result is result


@pytest.mark.parametrize(
    ("key", "value", "result"),
    [
        ({"result": "Failure", "details": "no"}, {}, Result.FAILED),
        ({"result": "Failure", "details": ["no"]}, {}, Result.FAILED),
        (TYPE_NAME, [{"statusInfo": "Success"}], Result.UNAVAILABLE),
        (TYPE_NAME, [{"provisioningSteps": 5}], Result.UNAVAILABLE),
    ],
)
def test_judging_never_raises(key: object, value: object, result: Result) -> None:
    assert judged(key, value).result is result


def test_one_record_that_failed_decides_over_those_that_did_not() -> None:
    verdict = judged(
        TYPE_NAME,
        [
            {"statusInfo": {"status": "Success"}},
            {"statusInfo": {"status": "Failure", "errorCode": "Conflict"}},
        ],
    )

    assert (verdict.result, verdict.code) == (Result.FAILED, "Conflict")


def test_a_code_is_bounded_and_redacted_too() -> None:
    verdict = judged({"result": "Failure", "details": {"errorCode": "a@b.de" + " x" * 9000}}, {})

    assert len(verdict.code) <= EVIDENCE_MAX_CHARS + 1
    assert len(verdict.reason) <= EVIDENCE_MAX_CHARS + 1
    assert "a@b.de" not in verdict.code + verdict.reason


@pytest.mark.parametrize("status", [408, 409, 423, 425, 500, 503])
def test_a_refusal_that_may_pass_says_nothing_about_the_users(status: int) -> None:
    body = json.dumps({"error": {"code": "SomeCode", "message": "later"}}).encode()

    verdict = read_verdict(Answer(status, body, timedelta(seconds=7)))

    assert (verdict.result, verdict.code) == (Result.UNAVAILABLE, "SomeCode")
    assert verdict.retry_after == timedelta(seconds=7)
