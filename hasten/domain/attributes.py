"""Reads from a job's schema which properties of a user its mappings use, and recognizes a change of
their values."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hasten.json import Json

_NAMED = re.compile(r"\[([A-Za-z][A-Za-z0-9_]*)\]")
_EXTENSION = re.compile(r"extension_[0-9a-f]{32}_\w+", re.IGNORECASE)
_NUMBERED = re.compile(r"extensionattribute(?:[1-9]|1[0-5])", re.IGNORECASE)

WATCHED_OTHERWISE = frozenset(
    {"accountenabled", "approleassignments", "id", "issoftdeleted", "objectid"}
    | {"singleapproleassignment"}
)
"""Sources that never change, or whose changes Hasten sees without reading them."""

SAME_IN_GRAPH = (
    "ageGroup",
    "city",
    "companyName",
    "country",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeType",
    "givenName",
    "jobTitle",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesSamAccountName",
    "onPremisesUserPrincipalName",
    "otherMails",
    "postalCode",
    "preferredLanguage",
    "proxyAddresses",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
)
OTHER_IN_GRAPH = {
    "facsimileTelephoneNumber": "faxNumber",
    "immutableId": "onPremisesImmutableId",
    "mobile": "mobilePhone",
    "originalUserPrincipalName": "userPrincipalName",
    "physicalDeliveryOfficeName": "officeLocation",
    "telephoneNumber": "businessPhones",
}
PROPERTIES = {
    **{name.casefold(): name for name in SAME_IN_GRAPH},
    **{name.casefold(): graph for name, graph in OTHER_IN_GRAPH.items()},
}
"""Graph's property (v1.0, user) by the name of the source attribute, in lower case. Graph refuses a
request that selects a property it does not know, so Hasten selects no others."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The attributes that the mappings of users read. `unwatched` are attributes that Hasten cannot
    select, such as `manager`: their changes are left to Entra's cycle."""

    properties: tuple[str, ...] = ()
    unwatched: tuple[str, ...] = ()


def sources(rules: Sequence[Json], rule: str | None) -> Sources:
    found: set[str] = set()
    unwatched: set[str] = set()
    for name in _attributes(rules, rule):
        wanted = name.casefold()
        if wanted in WATCHED_OTHERWISE:
            continue
        if wanted in PROPERTIES:
            found.add(PROPERTIES[wanted])
        elif _NUMBERED.fullmatch(name):
            found.add("onPremisesExtensionAttributes")
        elif _EXTENSION.fullmatch(name):
            found.add(name)
        else:
            unwatched.add(name)
    return Sources(tuple(sorted(found)), tuple(sorted(unwatched)))


def digest(values: Mapping[str, object], properties: Sequence[str], key: str) -> str:
    """Returns a keyed digest of the values: the store must not show them. Digests are comparable if
    they begin with the same mark, which stands for the properties and the key."""
    mark = _keyed(key, ",".join(properties))[:8]
    shown = json.dumps([_ordered(values.get(name)) for name in properties], sort_keys=True)
    return f"{mark}.{_keyed(key, shown)[:20]}"


def comparable(one: str, other: str) -> bool:
    """Returns whether two digests are of the same properties."""
    return one.partition(".")[0] == other.partition(".")[0]


def _attributes(rules: Sequence[Json], rule: str | None) -> Iterator[str]:
    for mapping in (
        attribute
        for one in rules
        if one.get("id") == rule
        for mapped in one.get("objectMappings") or ()
        if mapped.get("sourceObjectName") == "User" and mapped.get("enabled") is not False
        for attribute in mapped.get("attributeMappings") or ()
    ):
        source = mapping.get("source") or {}
        named = _NAMED.findall(str(source.get("expression") or ""))
        yield from named or ([str(source["name"])] if source.get("name") else [])


def _ordered(value: object) -> object:
    """Graph lists several values in no particular order."""
    return sorted(value, key=str) if isinstance(value, list) else value


def _keyed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
