"""The case of a word of Entra or Graph does not count."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from hasten.domain.account import Account
from hasten.domain.connector_errors import CODES, NEXT_ACTIONS, TRANSIENT
from hasten.domain.entra_words import code_of, status_of
from hasten.domain.proof import Says, proof
from hasten.domain.verdicts import Answer, Result, Verdict, read_verdict
from tests.unit.domain.test_proof import JOINED, LEFT, entry, skipped_in


def spellings(word: str) -> list[str]:
    return [word.lower(), word.upper(), word[0].lower() + word[1:]]


def answered(result: str, code: str, value: object = ()) -> Verdict:
    key = json.dumps({"result": result, "details": {"errorCode": code, "errorMessage": "why"}})
    return read_verdict(Answer(200, json.dumps({"key": key, "value": value or "{}"}).encode()))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_known_in_any_case(code: str) -> None:
    assert {code_of(spelt) for spelt in spellings(code)} == {code}


def test_no_two_codes_differ_only_in_case() -> None:
    assert len({code.casefold() for code in CODES}) == len(CODES)


@pytest.mark.parametrize("code", ["", "Unheard", "unheardOf"])
def test_a_code_that_is_not_known_stays_as_it_is(code: str) -> None:
    assert code_of(code) == code
    assert code_of(None) == ""


@pytest.mark.parametrize(
    ("said", "read"),
    [("SUCCEEDED", "success"), ("Failed", "failure"), ("Skipped", "skipped"), (None, "")],
)
def test_a_status_has_one_form(said: object, read: str) -> None:
    assert status_of(said) == read


@pytest.mark.parametrize("code", sorted(TRANSIENT))
def test_a_transient_error_is_one_in_any_case(code: str) -> None:
    for spelt in spellings(code):
        assert (answered("failure", spelt).result, answered("failure", spelt).code) == (
            Result.TRANSIENT,
            code,
        )
        assert proof(LEFT, [entry("disable", "failure", code=spelt)]).passes


@pytest.mark.parametrize("code", sorted(NEXT_ACTIONS))
def test_an_error_leads_to_its_next_action_in_any_case(code: str) -> None:
    for spelt in spellings(code):
        assert answered("Failure", spelt).next_action == NEXT_ACTIONS[code]
        told = proof(LEFT, [entry("disable", "failure", code=spelt)])
        assert told.next_action == NEXT_ACTIONS[code]


@pytest.mark.parametrize(
    ("code", "result"),
    [("RedundantExport", Result.IN_SYNC), ("NotEffectivelyEntitled", Result.NOT_ENTITLED)],
)
def test_a_skip_has_its_reason_in_any_case(code: str, result: Result) -> None:
    for spelt in spellings(code):
        assert answered("skipped", spelt).result is result


def test_a_skip_in_the_log_has_its_reason_in_any_case() -> None:
    for spelt in spellings("RedundantExport"):
        assert proof(JOINED, [skipped_in(spelt, active="True")]).says is Says.CONFIRMED


@pytest.mark.parametrize("name", ["SkipReason", "skipReason", "SKIPREASON"])
@pytest.mark.parametrize("active", ["IsActive", "isActive", "active in the source system"])
def test_the_names_of_details_are_known_in_any_case(name: str, active: str) -> None:
    details: dict[str, Any] = {name: "notEffectivelyEntitled", active: "FALSE"}
    value = [{"provisioningSteps": [{"status": "Skipped", "details": details}]}]

    verdict = read_verdict(Answer(200, json.dumps({"key": "x", "value": value}).encode()))

    assert (verdict.result, verdict.account) == (Result.DISABLED, Account.UNKNOWN)


def test_an_unknown_rule_is_known_in_any_case() -> None:
    for spelt in spellings("RequestParameterInvalid"):
        body = json.dumps({"error": {"code": spelt, "message": "m"}}).encode()
        assert read_verdict(Answer(HTTPStatus.BAD_REQUEST, body)).result is Result.UNKNOWN_JOB
