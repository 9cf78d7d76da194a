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
    LOOKED_AT_CHARS,
    evidence,
    nested_json,
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


def nested(levels: int) -> str:
    return '{"a":' * levels + '"x"' + "}" * levels


@pytest.mark.parametrize(("levels", "is_kept"), [(63, True), (64, True), (65, False)])
def test_json_is_read_to_sixty_four_levels(levels: int, *, is_kept: bool) -> None:
    assert (nested_json(nested(levels)) is not None) is is_kept


def test_json_that_names_a_key_twice_or_holds_no_object_is_free_text() -> None:
    assert nested_json('{"a":1,"a":2}') is None
    assert nested_json('"text"') is None
    assert nested_json("7") is None
    assert nested_json(' [{"a":1}]') == [{"a": 1}]


def test_json_in_strings_inside_one_another_ends_after_as_many_levels() -> None:
    text: object = "Conflict"
    for _ in range(8):
        text = json.dumps({"errorCode": text, "a": {}})
    shown = evidence(str(text).encode())

    assert "Conflict" in shown


@pytest.mark.parametrize(("levels", "is_kept"), [(64, True), (65, False)])
@pytest.mark.parametrize("inner", [1, 24, 60])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_the_levels_of_json_in_strings_count_as_those_around_it(
    begin: str, end: str, levels: int, inner: int, *, is_kept: bool
) -> None:
    """The string itself is one of the levels."""
    outer = levels - inner - 1
    text = json.dumps(begin * inner + "7" + end * inner)

    kept = evidence((begin * outer + text + end * outer).encode())

    assert ("7" in kept, "…" in kept) == (is_kept, not is_kept)


def test_what_failed_comes_first_in_a_list_and_the_reasons_first_in_an_object() -> None:
    steps = [{"status": "Success"}, {"status": "Failure"}, {"status": "succeeded"}, {}]
    body = {"zebra": 1, "reason": "r", "status": "Failure", "list": steps}

    kept = json.loads(evidence(json.dumps(body).encode()))

    assert list(kept) == ["status", "reason", "zebra", "list"]
    assert kept["list"] == [
        {"status": "Failure"},
        {},
        {"status": "Success"},
        {"status": "succeeded"},
    ]


def test_evidence_is_cut_visibly_at_its_length() -> None:
    def kept(length: int) -> str:
        return evidence(json.dumps({"status": "s" * length}).encode())

    room = EVIDENCE_MAX_CHARS - len('{"status":""}')
    assert len(kept(room)) == EVIDENCE_MAX_CHARS
    assert not kept(room).endswith("…")
    assert len(kept(room + 1)) == EVIDENCE_MAX_CHARS + 1
    assert kept(room + 1).endswith("…")


def test_free_text_is_looked_at_for_twice_its_length() -> None:
    names = "'" + "n" * 300 + "' "
    text = names * 5 + "x" * EVIDENCE_MAX_CHARS

    assert redacted(text) == redacted(text[: 2 * EVIDENCE_MAX_CHARS])


@pytest.mark.parametrize("letter", ["c", "é", "字"])
@pytest.mark.parametrize(("chars", "keeps_details"), [(400, True), (401, False)])
def test_a_failing_step_of_four_hundred_characters_is_kept_whole(
    chars: int, letter: str, *, keeps_details: bool
) -> None:
    step = {"status": "Failure", "details": {"code": ""}}
    step["details"] = {"code": letter * (chars - len(json.dumps(step)))}

    kept = json.loads(evidence(b"{}", step=step))["failed"]

    assert ("details" in kept) is keeps_details


def test_a_long_text_of_a_failing_step_is_halved_and_other_values_are_kept() -> None:
    step = {"status": "Failure", "reason": "r" * 500, "type": 7, "details": {"code": "c"}}

    kept = json.loads(evidence(b"{}", step=step, named="title"))

    assert kept["property"] == "title"
    assert kept["failed"] == {"type": 7, "status": "Failure", "reason": "r" * 200}
    assert evidence(b"[1]", step=step, named="title") == "[1]"


SIGNS = [
    "@",
    "\N{FULLWIDTH COMMERCIAL AT}",
    "%40",
    "%2540",
    "%252540",
    "&#64;",
    "&#x40;",
    "&#X40;",
    "\\u0040",
]
URL = "https://graph.microsoft.com/v1.0/users"


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(
    "text",
    [
        "{} is unknown",
        f"404 Not Found for url {URL}/{{}}",
        f"GET {URL}?$filter=userPrincipalName%20eq%20%27{{}}%27&$top=1 failed",
        f"GET {URL}?$filter=mail+eq+{{}}",
    ],
)
def test_an_address_goes_however_its_sign_is_written(text: str, sign: str) -> None:
    kept = redacted(text.format(f"kim.lee{sign}contoso.example"))

    assert "kim" not in kept
    assert "contoso" not in kept


@pytest.mark.parametrize("quote", ["'", '"', "%27", "%22"])
def test_a_quoted_name_in_an_address_of_a_request_goes(quote: str) -> None:
    kept = redacted(f"GET {URL}?$filter=displayName%20eq%20{quote}Kim%20Lee{quote} failed")

    assert "Kim" not in kept
    assert kept.endswith("failed")


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["x'{}' ", "x{} "])
def test_no_part_of_an_address_is_left_at_the_cut(before: str, sign: str) -> None:
    address = f"kim.lee{sign}contoso.example"
    for shown in range(len(address) + 1):
        room = LOOKED_AT_CHARS - shown - len(before.format(""))
        kept = redacted(before.format("a" * room) + address + " more")

        assert "k" not in kept, kept[-30:]
        assert "contoso" not in kept


@pytest.mark.parametrize("quote", ["'", '"', "%27", "%22"])
def test_no_part_of_a_quoted_name_is_left_at_the_cut(quote: str) -> None:
    start = f"{quote}a{quote} "
    room = LOOKED_AT_CHARS - len(start) - 8
    for shown in range(12):
        text = start + "b" * (room - shown) + f" {quote}Kim O'Lee{quote} more"

        assert "K" not in redacted(text)
        assert "Lee" not in redacted(text)


NAMES = (("k" * 100 + "@" + "c" * 98 + " ") * 8)[:-100]
"""What is cleaned of it is short, so that the end of what is looked at is seen."""


@pytest.mark.parametrize("after", ["'Kim' is unknown", "kim@contoso.example is unknown"])
def test_what_begins_at_the_cut_leaves_no_trace(after: str) -> None:
    before = NAMES + "x" * (LOOKED_AT_CHARS - len(NAMES) - 1) + " "

    assert redacted(before + after) == redacted(before)


def test_only_the_address_at_the_cut_leaves_with_it() -> None:
    before = NAMES + " " * (LOOKED_AT_CHARS - len(NAMES) - 15) + "unknown: "

    assert redacted(before + "kim.lee@contoso.example") == redacted(before) + "…"


def test_a_quote_that_ends_at_the_cut_opens_no_other() -> None:
    quoted = "\"Kim 'O\" said 'no'"

    kept = redacted(NAMES + "x" * (LOOKED_AT_CHARS - len(NAMES + quoted)) + quoted + " more")

    assert "Kim" not in kept


@pytest.mark.parametrize(
    "text", ["", "no address here", "50% of 40 groups", "a %20 b", "5 & 64; x"]
)
def test_a_text_without_an_address_stays(text: str) -> None:
    assert redacted(text) == text
