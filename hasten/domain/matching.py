"""Reads from a job's schema how Entra ID finds the account of a user in the app."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hasten.json import Json

WORK_EMAIL = 'emails[type eq "work"].value'
OBJECT_ID_PROPERTY = "id"

APP_ATTRIBUTES = ("externalId", "userName", WORK_EMAIL)
"""The attributes of the app by which Hasten can look for an account."""

ENTRA_PROPERTIES = (OBJECT_ID_PROPERTY, "userPrincipalName", "mail", "mailNickname", "employeeId")
"""The properties of a user in Entra ID that an account can be matched by."""

ENTRA_PROPERTY_BY_NAME = {"objectid": OBJECT_ID_PROPERTY} | {
    name.casefold(): name for name in ENTRA_PROPERTIES[1:]
}
APP_ATTRIBUTE_BY_NAME = {name.casefold(): name for name in APP_ATTRIBUTES}

SET_MATCH = (
    "set scim.match in targets.yaml to an attribute that the job maps and that is unique in the "
    "app, for instance {app: externalId, entra: id}; or change the matching attribute of the job"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMatch:
    """The matching attribute of a job: the attribute of the app and the property of the user that
    it equals. Both are "" where Hasten cannot match as the job does; `problem` says why."""

    app: str = ""
    entra: str = ""
    problem: str = "no sweep has read the rules of the job yet"


def job_match(rules: Sequence[Json], rule: str | None) -> JobMatch:
    """Returns the mapping that Entra tries first: the one with the lowest `matchingPriority` above
    0 (Graph, attributeMapping)."""
    matching = [one for one in _mappings(rules, rule) if _priority(one) > 0]
    if not matching:
        return JobMatch(problem="the job marks no attribute of users as the matching attribute")
    first = min(matching, key=_priority)
    name, source = str(first.get("targetAttributeName") or ""), _source(first)
    app, entra = (
        APP_ATTRIBUTE_BY_NAME.get(name.casefold()),
        ENTRA_PROPERTY_BY_NAME.get(source.casefold()),
    )
    if app is None or entra is None:
        return JobMatch(
            problem=f"the job matches {name or 'an unnamed attribute'} with {source or 'nothing'}, "
            "by which Hasten cannot look for an account"
        )
    return JobMatch(app=app, entra=entra, problem="")


def _mappings(rules: Sequence[Json], rule: str | None) -> Iterator[Json]:
    for one in rules:
        if one.get("id") != rule:
            continue
        for mapped in one.get("objectMappings") or ():
            if mapped.get("sourceObjectName") == "User" and mapped.get("enabled") is not False:
                yield from mapped.get("attributeMappings") or ()


def _priority(mapping: Json) -> int:
    given = mapping.get("matchingPriority")
    return given if isinstance(given, int) else 0


def _source(mapping: Json) -> str:
    source = mapping.get("source") or {}
    expression = str(source.get("expression") or source.get("name") or "")
    return expression.removeprefix("[").removesuffix("]")
