"""What the policy of a group may say, and of which groups it speaks."""

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from hasten.policy import Creation, GroupPolicy, policy_for

ID = "52cf7b7a-52be-4a9b-9c69-e4d4a4a14f76"
OTHER = "0000bbbb-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "exactly one of id and name"),
        ({"id": ID, "name": "G"}, "exactly one of id and name"),
        ({"id": ID, "create": {}}, "given by name"),
        ({"name": "Dept - *", "also_members_of": ["A"]}, "without wildcards"),
        ({"name": "  "}, "at least 1 character"),
        ({"name": "x" * 257}, "at most 256 characters"),
        ({"name": "G", "owners": [ID]}, "Extra inputs"),
        ({"name": "G", "create": {"owners": ["someone@example.com"]}}, "valid UUID"),
        ({"name": "G", "create": {"owners": [ID] * 21}}, "at most 20 items"),
        ({"name": "G", "create": {"rule": "x" * 3073}}, "at most 3072 characters"),
        ({"name": "G", "events": "sometimes"}, "'allow' or 'deny'"),
    ],
)
def test_a_contradictory_policy_is_refused(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        GroupPolicy.model_validate(said)


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({}, True),
        ({"events": "deny"}, False),
        ({"admin": True}, False),
        ({"admin": True, "events": "allow"}, True),
    ],
)
def test_events_may_touch_all_but_admin_groups_unless_it_says_otherwise(
    said: dict[str, Any],
    allowed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert GroupPolicy.model_validate({"name": "G", **said}).allows_events is allowed


def test_an_id_speaks_of_that_group_alone_whatever_its_name() -> None:
    policy = GroupPolicy(id=UUID(ID))

    assert policy.covers(group=ID.upper(), name="Any")
    assert not policy.covers(group=OTHER, name=ID)


@pytest.mark.parametrize("name", ["TOTAL - Engineering", "total - ENGINEERING"])
def test_a_name_speaks_of_the_group_in_any_case_even_before_it_exists(name: str) -> None:
    assert GroupPolicy(name="TOTAL - Engineering").covers(group="", name=name)


@pytest.mark.parametrize(
    ("name", "covered"),
    [("Dept - Sales", True), ("dept - ", True), ("The Dept - Sales", False), ("Dept", False)],
)
def test_wildcards_stand_for_any_characters_of_the_whole_name(
    name: str,
    covered: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert GroupPolicy(name="Dept - *").covers(group=OTHER, name=name) is covered


def test_an_entry_that_names_a_group_wins_over_a_wildcard() -> None:
    fits = GroupPolicy(name="TOTAL - *", create=Creation())
    names = GroupPolicy(name="total - admin", admin=True)
    by_id = GroupPolicy(id=UUID(ID))

    assert policy_for((fits, names), group=OTHER, name="TOTAL - Admin") is names
    assert policy_for((fits, by_id), group=ID, name="TOTAL - Admin") is by_id
    assert policy_for((fits, names), group=OTHER, name="TOTAL - Sales") is fits


def test_the_stricter_of_two_equal_entries_for_a_group_wins() -> None:
    admins = GroupPolicy(name="TOTAL - Admin*", admin=True)
    fits = GroupPolicy(name="TOTAL - *")
    by_id, names = GroupPolicy(id=UUID(ID)), GroupPolicy(name="TOTAL - Admin", admin=True)

    assert policy_for((fits, admins), group=OTHER, name="TOTAL - Administrators") is admins
    assert policy_for((by_id, names), group=ID, name="TOTAL - Admin") is names


def test_a_group_nobody_speaks_of_has_no_policy() -> None:
    assert policy_for((GroupPolicy(name="A"),), group=OTHER, name="B") is None


@pytest.mark.parametrize("name", ["[APP] Users", "[a-z]", "a]b[c", "[!x]"])
def test_brackets_in_a_name_stand_for_themselves(name: str) -> None:
    policy = GroupPolicy(name=name)

    assert not policy.is_pattern
    assert policy.covers(group="", name=name)
    assert not policy.covers(group="", name="a")
    assert GroupPolicy(name=f"{name}*").covers(group="", name=f"{name} and more")
