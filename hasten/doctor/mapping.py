"""Checks that the job maps the attributes on which the app depends, as `expect_mapping:` lists
them."""

from collections.abc import Mapping, Sequence

from hasten.doctor.findings import Finding, ok, problem, warning
from hasten.domain import attributes
from hasten.json import Json

CHECK, WATCHED = "attribute mapping", "watched attributes"


def check(rules: Sequence[Json], rule: str, expected: Mapping[str, str]) -> list[Finding]:
    """Checks the mappings of users. `expected` maps each app attribute to its Entra attribute."""
    known = sources(rules, rule)
    return [_judged(app, entra, known.get(app.casefold())) for app, entra in expected.items()]


def check_watched(rules: Sequence[Json], rule: str) -> list[Finding]:
    """Checks that Hasten can watch the attributes that the mappings of users read."""
    found = attributes.sources(rules, rule)
    findings = [ok(WATCHED, f"{len(found.properties)} properties of users are watched")]
    if found.unwatched:
        findings.append(
            warning(
                WATCHED,
                f"Hasten cannot watch {', '.join(found.unwatched)}",
                "nothing: Entra's own cycle provisions their changes",
            )
        )
    return findings


def _judged(app: str, entra: str, source: str | None) -> Finding:
    if source is not None and source.casefold() == entra.casefold():
        return ok(CHECK, f"{app} comes from {entra}")
    found = f"{app} is not mapped" if source is None else f"{app} comes from {source}, not {entra}"
    return problem(
        CHECK,
        f"{found}: the app depends on it",
        f"map {entra} to {app} in the provisioning mappings of users in the Entra portal, or "
        "correct expect_mapping in targets.yaml",
    )


def sources(rules: Sequence[Json], rule: str) -> dict[str, str]:
    """Returns the Entra attribute, or the whole expression, by app attribute in lower case."""
    return {
        str(attribute.get("targetAttributeName")).casefold(): _source(attribute.get("source") or {})
        for one in rules
        if one.get("id") == rule
        for mapping in one.get("objectMappings") or ()
        if mapping.get("sourceObjectName") == "User"
        for attribute in mapping.get("attributeMappings") or ()
    }


def _source(source: Json) -> str:
    expression = str(source.get("expression") or source.get("name") or "")
    return expression.removeprefix("[").removesuffix("]")
