"""The target object actions and the mapping of `active`."""

from typing import Any

import pytest

from hasten.doctor import flows
from hasten.doctor.findings import Level

Json = dict[str, Any]
RULE = "rule-1"
ACTIVE = {
    "targetAttributeName": "active",
    "flowType": "Always",
    "source": {"expression": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'},
}


def rules(kind: str, *attributes: Json, actions: str | None = "Add,Update,Delete") -> list[Json]:
    mapping = {
        "sourceObjectName": kind,
        "flowTypes": actions,
        "attributeMappings": list(attributes),
    }
    other = {"sourceObjectName": kind, "flowTypes": "Add"}
    return [
        {"id": RULE, "objectMappings": [mapping, {**other, "enabled": False}]},
        {"id": "another", "objectMappings": [other]},
    ]


@pytest.mark.parametrize(
    ("kind", "actions", "level", "found"),
    [
        ("User", "Add,Update,Delete", Level.OK, "Add,Update,Delete"),
        ("User", "delete, update, add", Level.OK, "of Users"),
        ("User", "Add,Update", Level.PROBLEM, "people who leave keep their accounts"),
        ("User", "Add,Delete", Level.PROBLEM, "neither changed nor disabled"),
        ("User", "Update,Delete", Level.PROBLEM, "Create is not among those of Users"),
        ("Group", "Add,Delete", Level.PROBLEM, "nobody joins or leaves a group"),
        ("Group", "Add,Update", Level.WARNING, "stays in the app with its members"),
        ("User", None, Level.WARNING, "Graph does not show those of Users"),
    ],
)
def test_an_action_that_is_not_ticked_is_found(
    kind: str, actions: str | None, level: Level, found: str
) -> None:
    [finding] = flows.check_actions(rules(kind, actions=actions), RULE, kind)

    assert finding.level is level
    assert found in finding.found
    assert bool(finding.fix) is (level is not Level.OK)


def test_each_action_that_is_not_ticked_is_a_finding() -> None:
    found = flows.check_actions(rules("User", actions="None"), RULE, "User")

    assert [finding.level for finding in found] == [Level.PROBLEM] * 3


@pytest.mark.parametrize(
    ("attributes", "level", "found"),
    [
        ([ACTIVE], Level.OK, "active comes from IsSoftDeleted"),
        ([{**ACTIVE, "targetAttributeName": "IsEnabled"}], Level.OK, "IsSoftDeleted"),
        ([], Level.PROBLEM, "active is not mapped"),
        (
            [{"targetAttributeName": "title", "source": {"name": "jobTitle"}}],
            Level.PROBLEM,
            "active is not mapped",
        ),
        ([{**ACTIVE, "flowType": "ObjectAddOnly"}], Level.PROBLEM, "nobody is ever disabled"),
        (
            [{**ACTIVE, "source": {"expression": "[accountEnabled]"}}],
            Level.WARNING,
            "active comes from [accountEnabled], without IsSoftDeleted",
        ),
        ([{**ACTIVE, "source": None}], Level.WARNING, "active comes from nothing"),
    ],
)
def test_whether_entra_can_disable_an_account_is_judged(
    attributes: list[Json], level: Level, found: str
) -> None:
    [finding] = flows.check_active(rules("User", *attributes), RULE)

    assert finding.level is level
    assert found in finding.found


def test_the_mapping_of_groups_disables_nobody() -> None:
    [finding] = flows.check_active(rules("Group", ACTIVE), RULE)

    assert finding.level is Level.PROBLEM
