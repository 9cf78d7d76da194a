"""What Entra's answers to an on-demand call mean, on the golden payloads."""

import pytest

from hasten.domain.verdicts import Answer, Result, Verdict, read_verdict
from tests.events import golden

EXPECTED = {
    "success-user": (Result.SUCCEEDED, ""),
    "success-group": (Result.SUCCEEDED, ""),
    "success-array": (Result.SUCCEEDED, ""),
    "redundant-export": (Result.IN_SYNC, "RedundantExport"),
    "redundant-export-array": (Result.IN_SYNC, "RedundantExport"),
    "not-entitled": (Result.NOT_ENTITLED, "NotEffectivelyEntitled"),
    "not-entitled-array": (Result.NOT_ENTITLED, "NotEffectivelyEntitled"),
    "not-entitled-group": (Result.NOT_ENTITLED, "NotEffectivelyEntitled"),
    "disabled": (Result.DISABLED, "NotEffectivelyEntitled"),
    "disabled-array": (Result.DISABLED, "NotEffectivelyEntitled"),
    "skipped-for-another-reason": (Result.FAILED, "EntrySynchronizationSkipped"),
    "licence-limit-exceeded": (Result.FAILED, "LicenseLimitExceeded"),
    "licence-limit-exceeded-array": (Result.FAILED, "LicenseLimitExceeded"),
    "failure-in-a-step": (Result.FAILED, ""),
    "app-throttles": (Result.TRANSIENT, "TooManyRequests"),
    "unknown-result": (Result.UNAVAILABLE, "UnreadableAnswer"),
    "nothing-said": (Result.UNAVAILABLE, "UnreadableAnswer"),
}

PERSONAL = ("BillBob@contoso.com", "Bill Bob", '"Bill"')


def judged(name: str) -> Verdict:
    return read_verdict(Answer(200, golden.raw("answers", name)))


def test_every_golden_answer_is_judged_here() -> None:
    assert golden.names("answers") == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_means_what_it_says_in_any_of_its_shapes(name: str) -> None:
    verdict = judged(name)

    assert (verdict.result, verdict.code) == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_evidence_of_an_answer_is_kept_without_personal_data(name: str) -> None:
    verdict = judged(name)

    assert verdict.evidence
    assert all(p not in verdict.evidence + verdict.reason for p in PERSONAL)


@pytest.mark.parametrize("name", [n for n, (r, _) in EXPECTED.items() if r is Result.FAILED])
def test_a_failure_always_says_what_to_do_next(name: str) -> None:
    assert judged(name).next_action


def test_a_disabled_user_is_left_to_the_cycle_in_plain_words() -> None:
    verdict = judged("disabled")

    assert "disabled in Entra" in verdict.reason
    assert "cycle" in verdict.next_action


def test_the_reason_of_a_failure_names_the_code_and_the_message() -> None:
    verdict = judged("licence-limit-exceeded-array")

    assert verdict.reason.startswith("LicenseLimitExceeded: No seat is left for ")
    assert verdict.next_action == "free or buy a licence in the app"


@pytest.mark.parametrize(
    ("action", "took"), [("Disable", True), ("Delete", True), ("Create", False)]
)
def test_a_success_shows_whether_it_disabled_or_deleted_an_account(action: str, took: bool) -> None:  # noqa: FBT001 - a parameter of the test
    body = golden.raw("answers", "success-user").replace(b"Update", action.encode())

    assert read_verdict(Answer(200, body)).took is took
