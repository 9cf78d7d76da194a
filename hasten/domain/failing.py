"""Finds the property of an account that made a provisioning step fail, if the answer names it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hasten.domain import account

NAMING = ("attributename", "attribute", "property", "propertyname", "path")
"""Keys of a step's details whose value is the name of a property."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:\-]{0,127}")
"""Matches a property name as SCIM writes it. Any other text may be personal data."""

KNOWN = frozenset(
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


def property_named(records: list[Mapping[str, Any]], message: str) -> str:
    """Returns the property from the failing step, else from the message, or "" if neither names a
    property of the answer or of SCIM."""
    failing = [step for step in account.steps(records) if _has_failed(step)]
    for step in failing:
        for name, value in _details(step).items():
            if name.casefold() in NAMING and NAME.fullmatch(str(value)):
                return str(value)
    texts = [message, *(str(step.get("description") or "") for step in failing)]
    words = {word for text in texts for word in NAME.findall(text)}
    folded = {word.rstrip(".:-").casefold() for word in words}
    named = [name for name in _candidates(records) if name.casefold() in folded]
    return max(named, key=len, default="")


def _candidates(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for one in account.properties(records):
        name = str(one.get("displayName") or "")
        if NAME.fullmatch(name):
            yield name
    yield from sorted(KNOWN)


def _has_failed(step: Mapping[str, Any]) -> bool:
    return str(step.get("status") or "").casefold() in {"failure", "failed"}


def _details(step: Mapping[str, Any]) -> Mapping[str, Any]:
    details = step.get("details")
    return details if isinstance(details, Mapping) else {}
