"""Which provisioning job and rule serve a target: found by what they do, never by their place."""

from collections.abc import Callable
from typing import Any

import pytest

from hasten.domain.jobs import choose_job, choose_rule
from hasten.errors import PermanentError
from tests.events import golden

USERS_AND_GROUPS = "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
USERS = "4c5ecfa1-a072-4460-b1c3-4adde3479854"
GROUPS = "33f7c90d-bf71-41b1-bda6-aaf0ddbee5d8#V2"


def rules(schema: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = golden.parsed("jobs", f"schema-{schema}")["synchronizationRules"]
    return found


def chosen(jobs: str, *schemas: str, wanted: str = "") -> str:
    """The id of the job chosen from a golden list, `schemas` being theirs in the same order."""
    listed = golden.parsed("jobs", jobs)["value"]
    rules_of = {job["id"]: rules(name) for job, name in zip(listed, schemas, strict=True)}
    return str(choose_job(listed, rules_of, wanted)["id"])


def test_the_only_job_is_chosen() -> None:
    assert chosen("one", "users-and-groups").startswith("scim.")


def test_a_job_that_reads_another_directory_is_passed_over_though_it_is_listed_first() -> None:
    assert chosen("inbound-first", "inbound", "users-and-groups").startswith("scim.")


def test_a_job_that_denies_provisioning_on_demand_is_passed_over() -> None:
    assert chosen("two-outbound", "not-on-demand", "two-rules").startswith("customappsso.")


def test_several_jobs_that_fit_are_refused_and_named() -> None:
    with pytest.raises(PermanentError) as refused:
        chosen("two-outbound", "users-and-groups", "users-and-groups")

    assert "2 provisioning jobs: customappsso." in refused.value.reason
    assert ", scim." in refused.value.reason
    assert "`job` in targets.yaml" in refused.value.next_action


@pytest.mark.parametrize("given", [str, str.upper, str.title])
def test_the_job_that_the_policy_names_is_chosen_among_several(given: Callable[[str], str]) -> None:
    named = golden.parsed("jobs", "two-outbound")["value"][1]["id"]

    job = chosen("two-outbound", "users-and-groups", "users-and-groups", wanted=given(named))

    assert job == named


@pytest.mark.parametrize("given", [str, str.upper])
def test_the_rule_that_the_policy_names_is_that_of_graph(given: Callable[[str], str]) -> None:
    assert choose_rule(rules("two-rules"), "User", given(GROUPS)) == GROUPS


def test_a_named_job_that_does_not_exist_is_refused_even_if_another_would_fit() -> None:
    with pytest.raises(PermanentError, match="no provisioning job typo"):
        chosen("one", "users-and-groups", wanted="typo")


@pytest.mark.parametrize(
    ("jobs", "schemas"), [("none", ()), ("one", ("inbound",)), ("one", ("not-on-demand",))]
)
def test_no_job_that_fits_is_said_with_what_to_set_up(jobs: str, schemas: tuple[str, ...]) -> None:
    with pytest.raises(PermanentError) as refused:
        chosen(jobs, *schemas)

    assert "no provisioning job that can provision on demand" in refused.value.reason
    assert "Automatic" in refused.value.next_action


@pytest.mark.parametrize(
    ("schema", "kind", "expected"),
    [
        ("users-and-groups", "User", USERS_AND_GROUPS),
        ("users-and-groups", "Group", USERS_AND_GROUPS),
        ("two-rules", "User", USERS),
        ("two-rules", "Group", GROUPS),
        ("groups-off", "User", USERS),
        ("groups-off", "Group", None),
        ("inbound", "User", None),
        ("not-on-demand", "User", None),
    ],
)
def test_a_rule_is_chosen_by_what_it_maps(schema: str, kind: str, expected: str | None) -> None:
    assert choose_rule(rules(schema), kind, "") == expected


def test_among_several_rules_the_lowest_priority_number_wins() -> None:
    [first] = rules("users-and-groups")
    later = {**first, "id": "later", "priority": 2}

    assert choose_rule([later, first], "User", "") == first["id"]


def test_rules_of_equal_priority_are_refused_and_named() -> None:
    [first] = rules("users-and-groups")

    with pytest.raises(PermanentError) as refused:
        choose_rule([{**first, "id": "b"}, {**first, "id": "a"}], "User", "")

    assert refused.value.reason == "the provisioning job has 2 rules for User: a, b"
    assert "`rule` in targets.yaml" in refused.value.next_action


def test_the_rule_that_the_policy_names_is_chosen() -> None:
    assert choose_rule(rules("two-rules"), "User", GROUPS) == GROUPS


def test_a_named_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PermanentError, match="no rule typo"):
        choose_rule(rules("two-rules"), "User", "typo")
