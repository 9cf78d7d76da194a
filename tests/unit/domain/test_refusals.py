"""Graph's own refusals of an on-demand call, and which of them are worth another try."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.redaction import EVIDENCE_MAX_CHARS
from hasten.domain.verdicts import Answer, Result, Verdict, read_verdict
from tests.events import golden

EXPECTED = {
    "400-bad-request": Result.FAILED,
    "400-rule-unknown": Result.UNKNOWN_JOB,
    "401-no-permission": Result.NOT_PERMITTED,
    "403-forbidden": Result.NOT_PERMITTED,
    "404-not-found": Result.UNKNOWN_JOB,
    "429-throttled": Result.THROTTLED,
    "503-unavailable": Result.UNAVAILABLE,
}


def judged(name: str, retry_after: timedelta | None = None) -> Verdict:
    return read_verdict(Answer(int(name[:3]), golden.raw("errors", name), retry_after))


def test_every_golden_error_is_judged_here() -> None:
    assert golden.names("errors") == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_refusal_is_recognised_by_status_and_code(name: str) -> None:
    verdict = judged(name)

    assert verdict.result is EXPECTED[name]
    assert verdict.reason.startswith(f"HTTP {name[:3]} {verdict.code}")
    assert verdict.evidence


@pytest.mark.parametrize("name", ["429-throttled", "503-unavailable"])
def test_the_retry_after_of_a_refusal_is_passed_on(name: str) -> None:
    assert judged(name, timedelta(seconds=17)).retry_after == timedelta(seconds=17)


def test_an_unauthorized_unknown_error_names_the_missing_permission() -> None:
    verdict = judged("401-no-permission")

    assert verdict.code == "UnknownError"
    assert "Synchronization.ReadWrite.All" in verdict.next_action


@pytest.mark.parametrize("status", [408, 409, 423, 425, 500, 502, 503, 504, 599])
def test_a_status_that_passes_is_worth_another_try_even_without_a_json_body(status: int) -> None:
    assert read_verdict(Answer(status, b"<html>Bad gateway</html>")).result is Result.UNAVAILABLE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Not found</html>",
        b'{"error": {}}',
        b'{"error": {"code": "404", "message": "Resource not found"}}',
        b'{"error": {"code": 404}}',
        b'{"error": {"code": "UnknownError", "message": "<html>404</html>"}}',
    ],
)
def test_a_404_of_a_proxy_is_no_answer(body: bytes) -> None:
    assert read_verdict(Answer(404, body)).result is Result.UNAVAILABLE


@pytest.mark.parametrize("status", [400, 413, 422])
def test_other_refusals_fail_and_say_what_to_do(status: int) -> None:
    verdict = read_verdict(
        Answer(status, b'{"error": {"code": "Request_BadRequest", "message": "no"}}')
    )

    assert verdict.result is Result.FAILED
    assert verdict.next_action


@pytest.mark.parametrize("status", [301, 400, 413, 422])
@pytest.mark.parametrize("body", [b"", b"<html>Bad request</html>", b'{"error": "no"}'])
def test_a_refusal_that_is_not_graphs_is_no_answer(status: int, body: bytes) -> None:
    verdict = read_verdict(Answer(status, body))

    assert (verdict.result, verdict.code) == (Result.UNAVAILABLE, "UnreadableAnswer")


@given(st.integers(300, 599), st.sampled_from(golden.names("answers")))
def test_no_refusal_counts_as_done_whatever_its_body_says(status: int, name: str) -> None:
    verdict = read_verdict(Answer(status, golden.raw("answers", name)))

    assert verdict.result not in {Result.SUCCEEDED, Result.IN_SYNC}


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_carries_a_verdict(status: int) -> None:
    answer = Answer(status, golden.raw("answers", "success-group"))

    assert read_verdict(answer).result is Result.SUCCEEDED


def test_the_message_of_a_refusal_is_redacted_and_bounded() -> None:
    body = b'{"error": {"code": "X", "message": "jane@contoso.com %s"}}' % (b"y " * 9000)

    verdict = read_verdict(Answer(400, body))

    assert "jane@" not in verdict.reason + verdict.evidence
    assert max(len(verdict.reason), len(verdict.evidence)) <= EVIDENCE_MAX_CHARS + 1


@pytest.mark.parametrize("body", [b'{"error": "no"}', b"[1]", b'{"error": {"code": null}}'])
def test_an_error_body_of_another_shape_still_gives_the_status(body: bytes) -> None:
    assert read_verdict(Answer(400, body)).reason == "HTTP 400"
