"""Decoding bodies, and keeping those that are read again."""

import json

from hasten.adapters.store.bodies import MAX_KEPT_CHARS, decoded


def test_the_same_text_is_decoded_once() -> None:
    text = json.dumps({"state": "open", "causes": [{"id": "1"}]})

    first, second = decoded(text), decoded(text[:5] + text[5:])

    assert first == json.loads(text)
    assert second is first


def test_another_text_is_another_body() -> None:
    assert decoded('{"state": "open"}') != decoded('{"state": "held"}')


def test_a_long_body_is_not_kept() -> None:
    text = json.dumps({"people": "x" * MAX_KEPT_CHARS})

    assert decoded(text) == json.loads(text)
    assert decoded(text) is not decoded(text)
