"""Which properties of a user a job's mappings use, and whether their values changed."""

from typing import Any

import pytest

from hasten.domain.attributes import comparable, digest, sources
from hasten.json import Json

EXTENSION = f"extension_{'0a' * 16}_badge"


def rule(*mapped: dict[str, Any], kind: str = "User", **more: Any) -> Json:
    attributes = [{"targetAttributeName": "x", "source": source} for source in mapped]
    mapping = {"sourceObjectName": kind, "attributeMappings": attributes, **more}
    return {"id": "rule", "objectMappings": [mapping]}


def named(name: str) -> dict[str, Any]:
    return {"expression": f"[{name}]", "name": name, "type": "Attribute"}


@pytest.mark.parametrize(
    ("source", "properties", "unwatched"),
    [
        (named("jobTitle"), ("jobTitle",), ()),
        (named("telephoneNumber"), ("businessPhones",), ()),
        (named("physicalDeliveryOfficeName"), ("officeLocation",), ()),
        (named("extensionAttribute7"), ("onPremisesExtensionAttributes",), ()),
        (named(EXTENSION), (EXTENSION,), ()),
        ({"expression": 'Join(" ", [givenName], [surname])'}, ("givenName", "surname"), ()),
        ({"name": "mail"}, ("mail",), ()),
        (named("manager"), (), ("manager",)),
        ({"expression": 'Switch([IsSoftDeleted], , "False", "True")'}, (), ()),
        (named("objectId"), (), ()),
        ({"expression": '"constant"'}, (), ()),
        ({}, (), ()),
    ],
)
def test_a_source_is_a_property_of_graph_or_is_left_to_the_cycle(
    source: dict[str, Any], properties: tuple[str, ...], unwatched: tuple[str, ...]
) -> None:
    found = sources([rule(source)], "rule")

    assert (found.properties, found.unwatched) == (properties, unwatched)


@pytest.mark.parametrize(
    "other",
    [
        rule(named("mail"), kind="Group"),
        rule(named("mail"), enabled=False),
        {**rule(named("mail")), "id": "another"},
        {"id": "rule"},
    ],
)
def test_only_the_mapping_of_users_in_the_rule_counts(other: Json) -> None:
    assert sources([other], "rule").properties == ()


def test_a_digest_changes_with_a_value_and_not_with_the_order_of_several() -> None:
    names = ("jobTitle", "otherMails")

    def of(title: str | None, mails: list[str]) -> str:
        return digest({"jobTitle": title, "otherMails": mails}, names, "key")

    assert of("Analyst", ["a", "b"]) == of("Analyst", ["b", "a"])
    assert of("Analyst", ["a"]) != of("Designer", ["a"])
    assert of(None, []) != of("", [])


def test_digests_of_other_properties_or_of_another_key_are_not_compared() -> None:
    values = {"jobTitle": "Analyst", "mail": "a"}
    one = digest(values, ("jobTitle",), "key")

    assert comparable(one, digest({"jobTitle": "Designer"}, ("jobTitle",), "key"))
    assert not comparable(one, digest(values, ("jobTitle", "mail"), "key"))
    assert not comparable(one, digest(values, ("jobTitle",), "another"))


def test_a_digest_shows_no_value() -> None:
    assert "Analyst" not in digest({"jobTitle": "Analyst"}, ("jobTitle",), "key")


def test_every_source_counts_whatever_comes_before_it() -> None:
    found = sources([rule(named("objectId"), named("manager"), named("mail"))], "rule")

    assert (found.properties, found.unwatched) == (("mail",), ("manager",))


@pytest.mark.parametrize("number", [0, 1, 15, 16])
def test_entra_has_fifteen_numbered_attributes(number: int) -> None:
    found = sources([rule(named(f"extensionAttribute{number}"))], "rule")

    assert bool(found.properties) is (1 <= number <= 15)


def test_a_digest_is_the_same_whatever_the_order_of_the_parts_of_a_value() -> None:
    ones = [{"extensionAttribute1": "a", "extensionAttribute2": "b"}]
    ones.append(dict(reversed(ones[0].items())))

    digests = {digest({"x": one}, ("x",), "key") for one in ones}

    assert len(digests) == 1
