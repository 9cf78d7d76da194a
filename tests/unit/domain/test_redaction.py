"""Free text of Graph and of apps is kept without the person in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.redaction import LONGEST, redacted

NAMING = [
    "reportableIdentifier",
    "displayName",
    "mailNickname",
    "givenName",
    "surname",
    "userName",
    "oldValue",
    "newValue",
    "mail",
    "externalId",
]
LOCAL = st.text("abcdefghijklmnopqrstuvwxyzäßéñ0123456789._+-#%", min_size=1, max_size=20)
AROUND = st.text(max_size=60)


@given(AROUND, LOCAL, st.sampled_from(["contoso.com", "bücher.example"]), AROUND)
def test_no_address_survives_in_any_text(before: str, local: str, domain: str, after: str) -> None:
    kept = redacted(f"{before} {local}@{domain} {after}")

    assert f"{local}@{domain}" not in kept


@given(st.text(max_size=40_000) | st.integers(0, 40_000).map("x ".__mul__))
def test_what_is_kept_is_bounded(text: str) -> None:
    assert len(redacted(text)) <= LONGEST + 1


def test_a_cut_is_visible() -> None:
    assert redacted("x " * LONGEST).endswith("…")
    assert redacted("x" * LONGEST) == "x" * LONGEST


@pytest.mark.parametrize("attribute", NAMING)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_naming_attributes_lose_their_value_at_any_depth_of_quoting(
    attribute: str, depth: int
) -> None:
    text = {attribute: "Bill Bob", "errorCode": "Conflict"}
    written = json.dumps(text)
    for _ in range(depth - 1):
        written = json.dumps({"value": written})

    kept = redacted(written)

    assert "Bill" not in kept
    assert {attribute, "Conflict"} <= set(kept.replace("\\", "").split('"'))


def test_quoted_names_go_and_the_sentence_stays() -> None:
    kept = redacted("Retrieved User 'Bill Bob' from Azure Active Directory")

    assert kept == "Retrieved User '…' from Azure Active Directory"


def test_object_ids_codes_and_an_unset_value_stay() -> None:
    text = '{"id":"52507a19-96ec-4e73-9250-3e65ffd2d926","errorCode":null,"oldValue":null}'

    assert redacted(text) == text


def test_bytes_that_are_no_utf_8_are_kept_as_well_as_can_be() -> None:
    assert redacted(b"broken \xff here") == "broken \N{REPLACEMENT CHARACTER} here"
