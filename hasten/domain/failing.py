"""Finds the property of an account that made a provisioning step fail, if the answer names it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hasten.domain import account
from hasten.domain.entra_words import status_of
from hasten.domain.redaction import nested_json

NAMING_KEYS = ("attributename", "attribute", "property", "propertyname", "path")
"""Keys of a step's details whose value is the name of a property."""

ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:\-]{0,127}")
"""Matches a property name as SCIM writes it. Any other text may be personal data."""

CORE_ATTRIBUTES = frozenset(
    {
        "active",
        "addresses",
        "displayName",
        "emails",
        "employeeNumber",
        "externalId",
        "members",
        "name.familyName",
        "name.givenName",
        "nickName",
        "phoneNumbers",
        "preferredLanguage",
        "title",
        "userName",
        "userType",
    }
)
"""Attributes of SCIM's core schema (RFC 7643); an app may reject one that was not changed."""


MAX_DETAIL_DEPTH = 4
"""Levels of a step's details that are read; real details have one."""


def failing_step(records: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Returns the first step that failed, or None."""
    return next((step for step in account.steps(records) if _has_failed(step)), None)


def property_named(records: list[Mapping[str, Any]], message: str) -> str:
    """Returns the property from the failing step, else from the message, or "" if neither names a
    property of the answer or of SCIM."""
    failing = [step for step in account.steps(records) if _has_failed(step)]
    details = _details(failing)
    if own := _named_by_key(details):
        return own
    texts = [message, *(str(step.get("description") or "") for step in failing)]
    texts += [value for _, value in details]
    words = {word.rstrip(".:-") for text in texts for word in ATTRIBUTE_NAME.findall(text)}
    folded = {part.casefold() for word in words for part in (word, word.rpartition(":")[2])}
    named = [name for name in _candidates(records) if name.casefold() in folded]
    return max(named, key=len, default="")


def property_skipped(records: list[Mapping[str, Any]]) -> str:
    """Returns the property that the details of a skipped step name by its key, or ""."""
    return _named_by_key(
        _details(
            step for step in account.steps(records) if status_of(step.get("status")) == "skipped"
        )
    )


def _details(steps: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [pair for step in steps for pair in _pairs("", step.get("details"), 0)]


def _named_by_key(details: Iterable[tuple[str, str]]) -> str:
    for name, value in details:
        if name.casefold().replace(" ", "").endswith(NAMING_KEYS) and ATTRIBUTE_NAME.fullmatch(
            value
        ):
            return value
    return ""


def _candidates(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in account.properties(records):
        name = str(one.get("displayName") or "")
        if ATTRIBUTE_NAME.fullmatch(name):
            yield name
    yield from sorted(CORE_ATTRIBUTES)


def _has_failed(step: Mapping[str, Any]) -> bool:
    return status_of(step.get("status")) == "failure"


def _pairs(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yields the texts in a step's details by their key, however Entra or the app nests them."""
    if isinstance(value, str) and (inner := nested_json(value)) is not None:
        value = inner
    if depth > MAX_DETAIL_DEPTH:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _pairs(str(key), inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _pairs(name, inner, depth + 1)
    elif isinstance(value, str):
        yield name, value
