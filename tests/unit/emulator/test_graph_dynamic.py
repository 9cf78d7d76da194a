"""Members of dynamic groups follow their rule, and every change of them is told."""

from typing import Any

import pytest

from emulator.graph.directory import Directory
from emulator.graph.errors import GraphError
from emulator.graph.objects import Change, Entity

RULE = '(user.department -eq "Finance")'


@pytest.fixture
def directory() -> Directory:
    return Directory(lambda: 0.0, lambda: 0.0)


def user(directory: Directory, name: str, **properties: Any) -> Entity:
    return directory.create_user(
        {"displayName": name, "userPrincipalName": f"{name}@contoso.example", **properties}
    )


def dynamic(directory: Directory, rule: str = RULE, state: str = "On") -> Entity:
    return directory.create_group(
        {
            "displayName": "G",
            "mailNickname": "g",
            "groupTypes": ["DynamicMembership"],
            "membershipRule": rule,
            "membershipRuleProcessingState": state,
        }
    )


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        'user.department -eq "finance"',
        "(User.Department -EQ 'Finance')",
        '(user.jobTitle -eq "Clerk")',
    ],
)
def test_a_new_group_has_the_users_that_its_rule_names(directory: Directory, rule: str) -> None:
    ada = user(directory, "ada", department="Finance", jobTitle="Clerk")
    user(directory, "amir", department="Sales")
    user(directory, "bao")

    assert list(dynamic(directory, rule).members) == [ada.id]


def test_users_join_and_leave_as_they_change(directory: Directory) -> None:
    group, ada = dynamic(directory), user(directory, "ada", department="Finance")
    told: list[Change] = []
    directory.listeners.append(told.append)

    directory.update(ada, {"department": "Sales"})
    directory.update(ada, {"department": "Finance"})

    assert list(group.members) == [ada.id]
    memberships = [(c.subject, c.removed) for c in told if c.member is ada]
    assert memberships == [(group, True), (group, False)]


def test_a_restored_user_is_judged_anew(directory: Directory) -> None:
    group, ada = dynamic(directory), user(directory, "ada", department="Finance")
    directory.delete(ada)
    directory.update(ada, {"department": "Sales"})
    while_deleted = list(group.members)

    directory.restore(ada.id)

    assert while_deleted == [ada.id]
    assert list(group.members) == []


def test_a_new_rule_takes_the_place_of_the_old_one(directory: Directory) -> None:
    group, ada = dynamic(directory), user(directory, "ada", department="Finance")
    amir = user(directory, "amir", department="Sales")

    directory.update(group, {"membershipRule": '(user.department -eq "Sales")'})
    changed = list(group.members)
    directory.update(group, {"groupTypes": [], "membershipRule": None})
    directory.add_members(group, [ada.id])

    assert changed == [amir.id]
    assert list(group.members) == [amir.id, ada.id]


def test_a_rule_that_is_not_processed_changes_nobody(directory: Directory) -> None:
    user(directory, "ada", department="Finance")

    assert list(dynamic(directory, state="Paused").members) == []


@pytest.mark.parametrize("rule", ["", "user.department", '(user.shoeSize -eq "44")'])
def test_a_rule_that_is_not_understood_is_refused(directory: Directory, rule: str) -> None:
    with pytest.raises(GraphError) as refused:
        dynamic(directory, rule)

    assert refused.value.status == 400
    assert directory.groups == {}
