"""The step that failed and the property come first, and what to do names the property, also after
a skip."""

import json
from typing import Any

import pytest

from hasten.domain.redaction import EVIDENCE_MAX_CHARS
from hasten.domain.verdicts import Answer, Result, read_verdict

NAME = "Bo Bobson"


def step(kind: str, status: str, description: str = "", **details: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "description": description, "details": details}


def answer(*steps: dict[str, Any], message: str = "") -> Answer:
    """A failure of a person with so many properties that the bound cuts off what comes late."""
    key = {"result": "Failure", "details": {"errorCode": "BadRequest", "errorMessage": message}}
    names = [*(f"extensionAttribute{n}" for n in range(40)), "costCenter"]
    record = {
        "modifiedProperties": [{"displayName": name, "newValue": NAME} for name in names],
        "sourceIdentity": {"id": "", "details": dict.fromkeys(names, NAME)},
        "provisioningSteps": [
            *(step("Import", "Success", "Retrieved User", **dict.fromkeys(names, NAME)),) * 5,
            *steps,
        ],
        "statusInfo": {"status": "Failure", "errorCode": "BadRequest"},
    }
    body = {"key": json.dumps(key), "value": json.dumps(record)}
    return Answer(200, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("failing", "message", "named"),
    [
        (step("Export", "Failure", AttributeName="userType"), "", "userType"),
        (step("Export", "Failure", "costCenter is no number"), "", "costCenter"),
        (step("Export", "Failure"), "Attribute 'costCenter' is required", "costCenter"),
        (step("Export", "Failed"), "emails must have a value.", "emails"),
        (step("Export", "Failure"), "name.familyName: too long", "name.familyName"),
    ],
)
def test_the_property_that_an_answer_blames_is_named(
    failing: dict[str, Any], message: str, named: str
) -> None:
    verdict = read_verdict(answer(failing, message=message))

    assert verdict.result is Result.FAILED
    assert f"the answer names the property {named}" in verdict.next_action
    assert verdict.evidence.startswith(f'{{"property":"{named}"')


@pytest.mark.parametrize(
    "failing",
    [
        step("Export", "Failure", f"{NAME} is refused"),
        step("Export", "Failure", AttributeName=NAME),
        step("Export", "Failure", "it is refused"),
    ],
)
def test_where_an_answer_names_no_property_nothing_is_made_up(failing: dict[str, Any]) -> None:
    verdict = read_verdict(answer(failing))

    assert "names the property" not in verdict.next_action
    assert NAME not in verdict.next_action
    assert NAME not in verdict.evidence.replace(f"{NAME} is refused", "")


def test_the_failing_step_is_kept_whatever_comes_before_it() -> None:
    verdict = read_verdict(answer(step("Export", "Failure", "the app answered 400 to POST /Users")))

    assert len(verdict.evidence) <= EVIDENCE_MAX_CHARS + 1
    assert '"type":"Export","status":"Failure"' in verdict.evidence
    assert "the app answered 400 to POST /Users" in verdict.evidence


def odd_step(details: Any) -> dict[str, Any]:
    """A failing step whose details come first and have another shape than Graph documents."""
    return {"details": details, "description": "", "status": "Failure", "type": "Export"}


@pytest.mark.parametrize(
    "details",
    [
        json.dumps({"attributeName": "title"}),
        {"errors": [{"attribute": "title", "message": "x"}]},
        {"TargetAttributeName": "title"},
        {"Target Attribute Name": "title"},
        {"ErrorMessage": "The value for title is too long"},
        {"ErrorMessage": json.dumps({"scimType": "invalidValue", "detail": "title is too long"})},
        {"path": "urn:ietf:params:scim:schemas:core:2.0:User:title"},
        [{"property": "title"}],
        {"response": {"body": {"error": {"property": "title"}}}},
    ],
    ids=str,
)
def test_details_of_any_shape_name_the_property_first(details: Any) -> None:
    verdict = read_verdict(answer(odd_step(details)))

    named = "urn:ietf:params:scim:schemas:core:2.0:User:title" if "urn" in str(details) else "title"
    assert f"the answer names the property {named}:" in verdict.next_action
    assert verdict.evidence.startswith(
        f'{{"property":"{named}","failed":{{"type":"Export","status":"Failure"'
    )


@pytest.mark.parametrize(
    "deeper",
    [
        {"a": {"b": {"c": {"d": {"property": "title"}}}}},
        {"a": [{"b": {"c": {"property": "title"}}}]},
        [[[[{"property": "title"}]]]],
    ],
)
def test_details_are_read_four_levels_deep(deeper: Any) -> None:
    assert "names the property" not in read_verdict(answer(odd_step(deeper))).next_action


def test_a_property_is_found_at_the_end_of_its_schema() -> None:
    urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"

    verdict = read_verdict(answer(step("Export", "Failure", f"{urn} is not valid")))

    assert "names the property costCenter" in verdict.next_action


def test_the_failing_step_comes_before_a_message_without_an_end() -> None:
    verdict = read_verdict(answer(step("Export", "Failure", "too long"), message="x " * 2_000))

    assert verdict.evidence.startswith(
        '{"failed":{"type":"Export","status":"Failure","description":"too long"'
    )


def test_a_step_with_many_details_leaves_room_for_the_rest() -> None:
    many = {f"extensionAttribute{n}": NAME for n in range(40)}

    verdict = read_verdict(answer(odd_step(many), message="the app says no"))

    assert '"failed":{"type":"Export","status":"Failure"' in verdict.evidence
    assert '"errorMessage":"the app says no"' in verdict.evidence


@pytest.mark.parametrize(
    "details",
    [
        {"a": [{"b": {"property": "title"}}]},
        [{"a": {"b": {"property": "title"}}}],
        {"a": {"b": [{"property": "title"}]}},
    ],
)
def test_a_list_is_one_level_of_the_details(details: Any) -> None:
    assert "names the property title" in read_verdict(answer(odd_step(details))).next_action


def skipped(*steps: dict[str, Any]) -> Answer:
    record = {
        "modifiedProperties": [{"displayName": "displayName", "newValue": "Bo@Bobson"}],
        "provisioningSteps": [step("Import", "Success", displayName="Bo@Bobson"), *steps],
        "statusInfo": {"status": "Skipped", "errorCode": None},
    }
    return Answer(200, json.dumps({"key": "of.a.type", "value": [record]}).encode())


@pytest.mark.parametrize("key", ["PropertyName", "Property Name", "attributeName"])
def test_the_property_that_made_entra_skip_a_person_is_named(key: str) -> None:
    details = {"SkipReason": "AttributeValidationFailed", key: "displayName"}

    verdict = read_verdict(skipped(step("Export", "Skipped", **details)))

    assert (verdict.result, verdict.code) == (Result.FAILED, "AttributeValidationFailed")
    assert verdict.is_skip
    assert "the answer names the property displayName" in verdict.next_action
    assert verdict.evidence.startswith('{"property":"displayName"')
    assert "Bobson" not in verdict.evidence


@pytest.mark.parametrize(
    "details",
    [
        {"SkipReason": "AttributeValidationFailed"},
        {"SkipReason": "AttributeValidationFailed", "PropertyName": "Bo@Bobson"},
        {"SkipReason": "AttributeValidationFailed", "PropertyValue": "title"},
    ],
)
def test_a_skip_without_a_key_for_the_property_names_none(details: dict[str, str]) -> None:
    verdict = read_verdict(skipped(step("Export", "Skipped", "no displayName", **details)))

    assert verdict.result is Result.FAILED
    assert "names the property" not in verdict.next_action
