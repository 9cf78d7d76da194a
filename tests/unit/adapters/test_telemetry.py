"""The log: one line of JSON for each decision, without names, secrets or chatter of libraries."""

import json
import logging
from typing import Any

import pytest

from hasten.adapters import telemetry
from hasten.ports.telemetry import Event

USER = "0000cccc-0000-4000-8000-000000000001"
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJvaWQiOiIxIn0.c2lnbmF0dXJl"


def told(caplog: pytest.LogCaptureFixture, **fields: Any) -> dict[str, Any]:
    caplog.set_level(logging.INFO, logger="hasten")
    telemetry.emit(Event("call", "failed", fields))
    line: dict[str, Any] = json.loads(caplog.records[-1].getMessage())
    return line


@pytest.mark.parametrize(("problem", "level"), [(False, logging.INFO), (True, logging.ERROR)])
def test_an_event_is_one_line_of_json(
    caplog: pytest.LogCaptureFixture, *, problem: bool, level: int
) -> None:
    caplog.set_level(logging.INFO, logger="hasten")

    telemetry.emit(Event("call", "sent", {"users": ["a"], "waited_ms": 7}, problem=problem))

    [record] = caplog.records
    assert record.levelno == level
    assert json.loads(record.getMessage()) == {
        "event": "call",
        "result": "sent",
        "users": ["a"],
        "waited_ms": 7,
    }


def test_a_field_that_is_not_json_is_a_bug_that_surfaces() -> None:
    with pytest.raises(TypeError):
        telemetry.emit(Event("call", "sent", {"group": object()}))


def test_object_ids_codes_counts_and_nothing_are_told_as_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fields = {
        "users": [USER],
        "code": "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable",
        "reason": "Graph answered 403, code: Authorization_RequestDenied",
        "seconds": 2.5,
        "removal": True,
        "group": None,
    }

    line = told(caplog, **fields)

    assert line == {"event": "call", "result": "failed", **fields}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("no such user jane.doe@contoso.com here", "jane.doe"),
        ("filter userPrincipalName eq 'jane_x#EXT#@contoso.onmicrosoft.com'", "jane_x"),
        (f"Authorization: Bearer {TOKEN}", TOKEN),
        (f"refused {TOKEN}", TOKEN),
        ("Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=c2VjcmV0=;", "c2VjcmV0"),
        ("AccountName=a;AccountKey=c2VjcmV0==;EndpointSuffix=x", "c2VjcmV0"),
        ('{"clientState": "c2VjcmV0"}', "c2VjcmV0"),
        ("https://a.example/api/x?code=c2VjcmV0&y=1", "c2VjcmV0"),
        ("https://a.example/c?sv=1&sig=c2VjcmV0", "c2VjcmV0"),
    ],
)
def test_names_and_secrets_within_a_text_are_left_out_wherever_the_text_stands(
    caplog: pytest.LogCaptureFixture, text: str, secret: str
) -> None:
    line = told(caplog, reason=text, next_action=text, details=[{"reason": text}], users=[text])

    assert secret not in json.dumps(line)
    assert line["reason"]


def test_libraries_do_not_tell_of_every_request(caplog: pytest.LogCaptureFixture) -> None:
    telemetry.quieten()

    logging.getLogger("httpx").info("HTTP Request: GET https://graph.microsoft.com/")
    logging.getLogger("azure.core.pipeline").info("Request URL")

    assert caplog.records == []
