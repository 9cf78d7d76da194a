"""How the job finds an account, as its schema says."""

from typing import Any

import pytest

from hasten.domain.matching import JobMatch, job_match


def mapping(app: str, source: str, priority: int | None) -> dict[str, Any]:
    return {
        "targetAttributeName": app,
        "source": {"expression": source},
        "matchingPriority": priority,
    }


def rule(*mappings: dict[str, Any], enabled: bool = True, of: str = "User") -> dict[str, Any]:
    mapped = {"sourceObjectName": of, "enabled": enabled, "attributeMappings": list(mappings)}
    return {"id": "rule", "objectMappings": [mapped]}


@pytest.mark.parametrize(
    ("app", "source", "expected"),
    [
        ("userName", "[userPrincipalName]", ("userName", "userPrincipalName")),
        ("externalId", "[objectId]", ("externalId", "id")),
        ("externalid", "[MAILNICKNAME]", ("externalId", "mailNickname")),
        ('emails[type eq "work"].value', "[mail]", ('emails[type eq "work"].value', "mail")),
    ],
)
def test_a_plain_mapping_is_followed(app: str, source: str, expected: tuple[str, str]) -> None:
    found = job_match([rule(mapping(app, source, 1))], "rule")

    assert (found.app, found.entra, found.problem) == (*expected, "")


def test_the_lowest_priority_above_zero_is_what_entra_tries_first() -> None:
    first, second = mapping("externalId", "[objectId]", 1), mapping("userName", "[mail]", 2)
    unmatched = mapping("displayName", "[displayName]", 0)

    found = job_match([rule(unmatched, second, first)], "rule")

    assert (found.app, found.entra) == ("externalId", "id")


@pytest.mark.parametrize(
    ("app", "source"),
    [
        ("userName", "ToLower([userPrincipalName])"),
        ("userName", "[employeeNumber]"),
        ("externalId", "[id]"),
        ("nickName", "[mailNickname]"),
        ("", ""),
    ],
)
def test_a_mapping_that_hasten_cannot_follow_is_named(app: str, source: str) -> None:
    found = job_match([rule(mapping(app, source, 1))], "rule")

    assert (found.app, found.entra) == ("", "")
    assert (app or "an unnamed attribute") in found.problem
    assert (source.removeprefix("[").removesuffix("]") or "nothing") in found.problem


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule()],
        [rule(mapping("userName", "[mail]", 0))],
        [rule(mapping("userName", "[mail]", None))],
        [rule(mapping("userName", "[mail]", 1), enabled=False)],
        [rule(mapping("displayName", "[displayName]", 1), of="Group")],
        [{**rule(mapping("userName", "[mail]", 1)), "id": "another"}],
    ],
)
def test_a_job_without_a_matching_attribute_of_users_has_no_match(
    rules: list[dict[str, Any]],
) -> None:
    assert "marks no attribute" in job_match(rules, "rule").problem


def test_before_the_first_sweep_there_is_no_match() -> None:
    assert "no sweep has read" in JobMatch().problem
