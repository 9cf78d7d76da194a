"""Free text of Graph and of apps is kept without the person in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.redaction import (
    DROPPED_KEYS,
    EVIDENCE_MAX_CHARS,
    FREE_TEXT_KEYS,
    IMPERSONAL_KEYS,
    evidence,
    redacted,
)

OBJECT_ID = "52507a19-96ec-4e73-9250-3e65ffd2d926"
LOCAL = st.text("abcdefghijklmnopqrstuvwxyzäßéñ0123456789._+-#%", min_size=1, max_size=20)
AROUND = st.text(max_size=60)


@given(AROUND, LOCAL, st.sampled_from(["contoso.com", "bücher.example"]), AROUND)
def test_no_address_survives_in_any_text(before: str, local: str, domain: str, after: str) -> None:
    kept = redacted(f"{before} {local}@{domain} {after}")

    assert f"{local}@{domain}" not in kept


@given(st.text(max_size=40_000) | st.integers(0, 40_000).map("x ".__mul__))
def test_stored_evidence_is_bounded(text: str) -> None:
    assert len(redacted(text)) <= EVIDENCE_MAX_CHARS + 1


def test_a_cut_is_visible() -> None:
    assert redacted("x " * EVIDENCE_MAX_CHARS).endswith("…")
    assert redacted("x" * EVIDENCE_MAX_CHARS) == "x" * EVIDENCE_MAX_CHARS


def test_quoted_names_go_and_the_sentence_stays() -> None:
    kept = redacted("Retrieved User 'Bill Bob' from Azure Active Directory")

    assert kept == "Retrieved User '…' from Azure Active Directory"


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_evidence_keeps_codes_ids_and_what_was_not_set_at_any_depth_of_quoting(depth: int) -> None:
    told: dict[str, object] = {
        "objectId": OBJECT_ID,
        "errorCode": "Conflict",
        "oldValue": None,
        "displayName": "Bo",
    }
    kept: dict[str, object] = {
        "objectId": OBJECT_ID,
        "errorCode": "Conflict",
        "oldValue": None,
        "displayName": "…",
    }
    for _ in range(depth):
        told, kept = {"value": json.dumps(told)}, {"value": kept}

    assert json.loads(evidence(json.dumps(told).encode())) == kept


@given(
    st.text(min_size=1).filter(
        lambda key: key.casefold() not in IMPERSONAL_KEYS | FREE_TEXT_KEYS | DROPPED_KEYS
    )
)
def test_no_attribute_is_kept_that_is_not_known_to_be_harmless(attribute: str) -> None:
    step = {"provisioningSteps": [{"details": {attribute: "Bobson"}}]}

    assert "Bobson" not in evidence(json.dumps({"value": json.dumps(step)}).encode())


@pytest.mark.parametrize("name", ['Bill "Bobby" Bobson', "Pat O'Bobson", "bobson@contoso.com"])
def test_free_text_within_evidence_is_redacted(name: str) -> None:
    body = {"key": json.dumps({"details": {"errorMessage": f"user '{name}' exists"}})}

    kept = evidence(json.dumps(body).encode())

    assert "obson" not in kept
    assert "exists" in kept


def test_a_quoted_name_with_an_apostrophe_is_not_kept() -> None:
    assert "Brien" not in redacted("Retrieved User 'Pat O'Brien' from Azure Active Directory")


def test_evidence_that_is_no_json_is_kept_as_well_as_can_be() -> None:
    assert evidence(b"broken \xff here") == "broken \N{REPLACEMENT CHARACTER} here"


@given(st.binary(max_size=3000))
def test_evidence_is_bounded_and_never_raises(body: bytes) -> None:
    assert len(evidence(body)) <= EVIDENCE_MAX_CHARS + 1
    assert len(evidence(json.dumps({"message": body.hex()}).encode())) <= EVIDENCE_MAX_CHARS + 1
