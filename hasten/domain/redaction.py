"""Removes personal data from the answers of Graph and apps, and limits their length."""

import json
import re
from collections.abc import Mapping
from typing import Any

from hasten.domain.bounded_json import MAX_LEVELS, json_in
from hasten.domain.entra_words import status_of
from hasten.object_ids import is_object_id

EVIDENCE_MAX_CHARS = 800
"""Maximum characters of evidence: enough for the codes, far below the size of a ledger row."""

ANSWER_MAX_CHARS_READ = 256 * 1024
"""Maximum characters of an answer that are read; real answers have about 10 KiB."""

LOOKED_AT_CHARS = EVIDENCE_MAX_CHARS * 2
"""Maximum characters of free text that are cleaned: the names that go make room for more."""

_PART = r"[^\s\"'\\<>:,;@]"
_AT = r"(?:[@\uff20]|%(?:25)*40|&#(?:64|x40);|\\u0040)"
"""The sign as it is, as it is in a URL, in HTML and in JSON."""

EMAIL_ADDRESS = re.compile(rf"{_PART}{{1,128}}{_AT}{_PART}{{1,255}}", re.IGNORECASE)
_ADDRESS_MAX_CHARS = 400
"""More characters than the longest match of EMAIL_ADDRESS has."""

QUOTES = ("'", '"', "%27", "%22")
"""The last two are quotes in a URL."""

QUOTED_NAME = re.compile("|".join(f"{quote}.*{quote}" for quote in QUOTES), re.DOTALL)
"""Matches from the first quote to the last, because a name may contain a quote."""

IMPERSONAL_KEYS = frozenset(
    {
        "action",
        "active in the source system",
        "assigned",
        "assigned to the application",
        "code",
        "date",
        "errorcategory",
        "errorcode",
        "isactive",
        "iseffectivelyentitledforprovisioning",
        "result",
        "skipreason",
        "status",
        "type",
    }
)
"""Keys whose values say what happened and name nobody."""

FREE_TEXT_KEYS = frozenset(
    {"description", "errormessage", "message", "reason", "recommendedaction"}
)
DROPPED_KEYS = frozenset({"@odata.context", "modifiedproperties"})


KEYS_KEPT_FIRST = (
    *("error", "property", "key", "statusinfo", "provisioningsteps"),
    *("type", "status", "errorcode", "description", "reason"),
)
"""Keys that give the reason. They come first, because the length limit may cut off the others."""

STEP_MAX_CHARS = 400
"""Maximum characters of the failing step at the head of the evidence: room is left for the key."""


def redacted(text: str) -> str:
    """Returns free text without e-mail addresses and quoted names."""
    plain = _cut(text)
    plain = EMAIL_ADDRESS.sub("…", QUOTED_NAME.sub("'…'", plain))
    return plain if len(plain) <= EVIDENCE_MAX_CHARS else plain[:EVIDENCE_MAX_CHARS] + "…"


def _cut(text: str) -> str:
    """Returns the beginning of the text. A name or an address that goes on after the cut leaves
    with it, because nothing shows any more what its beginning is."""
    end, start = LOOKED_AT_CHARS, LOOKED_AT_CHARS - _ADDRESS_MAX_CHARS
    opened = [text.find(q) for q in QUOTES if text.rfind(q) + len(q) > end]
    if opened and min(opened) < end:
        return text[: min(opened)] + "'…'"
    for address in EMAIL_ADDRESS.finditer(text[start : end + _ADDRESS_MAX_CHARS]):
        if start + address.start() < end < start + address.end():
            return text[: start + address.start()] + "…"
    return text[:end]


def evidence(body: bytes, *, named: str = "", step: Mapping[str, Any] | None = None) -> str:
    """Returns an answer of Graph with only the values of known impersonal keys; object ids are
    kept. The property that the answer blames (`named`) and the failing `step` come first, if there
    are any."""
    text = body.decode("utf-8", "replace")[:ANSWER_MAX_CHARS_READ]
    nested = nested_json(text)
    if nested is None:
        return redacted(text)
    shown = _kept("", nested)
    if step is not None and isinstance(shown, dict):
        shown = {"failed": _head(step), **shown}
    if named and isinstance(shown, dict):
        shown = {"property": named, **shown}
    kept = json.dumps(shown, separators=(",", ":"), ensure_ascii=False)
    return kept if len(kept) <= EVIDENCE_MAX_CHARS else kept[:EVIDENCE_MAX_CHARS] + "…"


def _head(step: Mapping[str, Any]) -> Any:
    """Returns what a step says of its failure: all of it if it is short, else without details."""
    shown = _kept("", step)
    if len(json.dumps(shown, ensure_ascii=False)) <= STEP_MAX_CHARS:
        return shown
    short = {key: value for key, value in shown.items() if key.casefold() in KEYS_KEPT_FIRST}
    return {
        key: value[: STEP_MAX_CHARS // 2] if isinstance(value, str) else value
        for key, value in short.items()
    }


def _kept(key: str, value: Any, level: int = 0) -> Any:
    """Keeps what may be kept of a value. The verdict of an on-demand call is JSON inside strings,
    which this unwraps. Each of them may have MAX_LEVELS, so that all together are counted too."""
    if level > MAX_LEVELS:
        return "…"
    if isinstance(value, str):
        nested = nested_json(value)
        if nested is None:
            return _kept_text(key.casefold(), value)
        return _kept(key, nested, level + 1)
    if isinstance(value, Mapping):
        ordered = sorted(value, key=_rank)
        kept = [name for name in ordered if name.casefold() not in DROPPED_KEYS]
        return {name: _kept(name, value[name], level + 1) for name in kept}
    if isinstance(value, list):
        return [_kept(key, item, level + 1) for item in sorted(value, key=_is_fine)]
    return value


def _rank(key: str) -> int:
    name = key.casefold()
    return KEYS_KEPT_FIRST.index(name) if name in KEYS_KEPT_FIRST else len(KEYS_KEPT_FIRST)


def _is_fine(item: Any) -> bool:
    """Returns whether an item is no step that says anything but success: those come first."""
    return not isinstance(item, Mapping) or status_of(item.get("status")) == "success"


def _kept_text(key: str, text: str) -> str:
    if key in IMPERSONAL_KEYS or key in FREE_TEXT_KEYS or is_object_id(text):
        return redacted(text)
    return "…"


def nested_json(text: str) -> Any:
    """Returns the object or list in `text`, or None."""
    return json_in(text) if text.lstrip().startswith(("{", "[")) else None
