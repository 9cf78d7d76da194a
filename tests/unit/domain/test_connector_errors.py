"""The error codes that Entra documents for connectors: each is known, and leads somewhere."""

import json

import pytest

from hasten.domain.connector_errors import NEXT_ACTIONS, TRANSIENT
from hasten.domain.verdicts import Answer, Result, Verdict, read_verdict

PASSING = [
    "TooManyRequests",
    "InternalServerError",
    "InternalError",
    "Timeout",
    "WebExceptionProtocolError",
]

LASTING = [
    "Conflict",
    "EntryConflict",
    "InsufficientRights",
    "MethodNotAllowed",
    "NotPermitted",
    "Unauthorized",
    "UnprocessableEntity",
    "InvalidAnchor",
    "NotImplemented",
    "MandatoryFieldsMissing",
    "MissingValues",
    "SchemaAttributeNotFound",
    "InvalidDomain",
    "LicenseLimitExceeded",
    "DuplicateTargetEntries",
    "DuplicateSourceEntries",
    "ImportSkipped",
    "EntrySynchronizationSkipped",
    "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse",
    "SystemForCrossDomainIdentityManagementServiceIncompatible",
    "SchemaPropertyCanOnlyAcceptValue",
    "AttributeValidationFailed",
]

GENERIC = "read the evidence and the provisioning log of the app"


def failed_with(code: str) -> Verdict:
    key = json.dumps({"result": "Failure", "details": {"errorCode": code, "errorMessage": "why"}})
    return read_verdict(Answer(200, json.dumps({"key": key, "value": "{}"}).encode()))


@pytest.mark.parametrize("code", PASSING)
def test_an_error_that_may_pass_is_tried_again(code: str) -> None:
    verdict = failed_with(code)

    assert (verdict.result, verdict.code) == (Result.TRANSIENT, code)


@pytest.mark.parametrize("code", LASTING)
def test_an_error_that_lasts_fails_with_advice_of_its_own(code: str) -> None:
    verdict = failed_with(code)

    assert (verdict.result, verdict.code) == (Result.FAILED, code)
    assert verdict.next_action not in {"", GENERIC}
    assert verdict.reason == f"{code}: why"


def test_an_error_never_seen_before_fails_and_points_at_the_evidence() -> None:
    verdict = failed_with("Unheard")

    assert (verdict.result, verdict.next_action) == (Result.FAILED, GENERIC)
    assert "Unheard" in verdict.evidence


def test_no_code_is_both_passing_and_lasting() -> None:
    assert not TRANSIENT & NEXT_ACTIONS.keys()
