"""The log: one line of JSON for each decision, without names, secrets or chatter of libraries."""

import json
import logging
from typing import Any

import pytest

from hasten.adapters import telemetry
from hasten.domain.verdicts import Result
from hasten.ports.telemetry import Event
from hasten.telemetry.provision import CallEnded, CallSent

USER = "0000cccc-0000-4000-8000-000000000001"
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJvaWQiOiIxIn0.c2lnbmF0dXJl"


def told(caplog: pytest.LogCaptureFixture, event: Event) -> dict[str, Any]:
    caplog.set_level(logging.INFO, logger="hasten")
    telemetry.emit(event)
    line: dict[str, Any] = json.loads(caplog.records[-1].getMessage())
    return line


def answered(**fields: Any) -> CallEnded:
    about = {"group": None, "code": "", "reason": "", "next_action": "", "seconds": 2.5, **fields}
    return CallEnded(result=Result.FAILED, target="TOTAL", **about)


def sent(users: list[str], group: Any = None) -> CallSent:
    return CallSent(target="TOTAL", group=group, users=users, removal=True, waited_ms=7)


def test_a_field_that_is_not_json_is_a_bug_that_surfaces() -> None:
    with pytest.raises(TypeError):
        telemetry.emit(sent([], group=object()))


def test_object_ids_codes_and_counts_are_logged_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    code = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"
    reason = "Graph answered 403, code: Authorization_RequestDenied"

    line = told(caplog, answered(code=code, reason=reason))

    assert (line["code"], line["reason"], line["seconds"]) == (code, reason, 2.5)
    assert told(caplog, sent([USER])) == {
        "event": "call",
        "result": "sent",
        "target": "TOTAL",
        "users": [USER],
        "removal": True,
        "waited_ms": 7,
    }


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
    lines = [told(caplog, answered(reason=text, next_action=text)), told(caplog, sent([text]))]

    assert secret not in json.dumps(lines)
    assert lines[0]["reason"]


@pytest.mark.parametrize("sign", ["@", "%40", "%2540", "&#64;"])
def test_an_address_in_the_url_of_a_request_is_left_out(
    sign: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"https://graph.microsoft.com/v1.0/users/kim.lee{sign}contoso.example"

    line = told(caplog, answered(reason=f"404 Not Found for url {url}"))

    assert "404 Not Found" in line["reason"]
    assert "kim" not in line["reason"]
    assert "contoso" not in line["reason"]


def test_libraries_do_not_log_every_request(caplog: pytest.LogCaptureFixture) -> None:
    telemetry.quieten()

    logging.getLogger("httpx").info("HTTP Request: GET https://graph.microsoft.com/")
    logging.getLogger("azure.core.pipeline").info("Request URL")

    assert caplog.records == []
