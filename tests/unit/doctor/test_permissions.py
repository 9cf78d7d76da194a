"""Which permissions are missed, and how much."""

import json

import pytest

from hasten.doctor.findings import Level
from hasten.doctor.permissions import NEEDED_PERMISSIONS, For, check, check_hidden
from hasten.ports.probes import Token
from hasten.targets import Target
from tests.unit.infra.templates import INFRA

ALL = frozenset(needed.name for needed in NEEDED_PERMISSIONS)


def target(**settings: object) -> Target:
    return Target.model_validate({"name": "TOTAL", "display_name": "TOTAL", **settings})


PLAIN = target()
FULL = target(groups=[{"name": "TOTAL-*", "create": {}}], direct="allow", revoke_sessions="allow")


def levels(permissions: frozenset[str], *targets: Target) -> dict[str, Level]:
    """By permission."""
    token = Token(permissions=permissions, is_of_app=True)
    found = check(token, [*targets, target(revoke_sessions="allow")])
    found.append(check_hidden(token))
    return {needed.name: one.level for needed, one in zip(NEEDED_PERMISSIONS, found, strict=True)}


def test_the_table_is_what_deployment_grants() -> None:
    granted = json.loads((INFRA / "graph" / "permissions.json").read_text())

    table = {
        purpose: [n.name for n in NEEDED_PERMISSIONS if n.needed == purpose] for purpose in For
    }
    assert {k: sorted(v) for k, v in table.items()} == {k: sorted(v) for k, v in granted.items()}


def test_with_all_of_them_every_line_is_ok() -> None:
    assert set(levels(ALL, FULL).values()) == {Level.OK}


@pytest.mark.parametrize(
    ("missing", "of", "level"),
    [
        ("Synchronization.ReadWrite.All", PLAIN, Level.PROBLEM),
        ("Group.Create", FULL, Level.PROBLEM),
        ("Group.Create", PLAIN, Level.WARNING),
        ("AuditLog.Read.All", FULL, Level.WARNING),
        ("Member.Read.Hidden", PLAIN, Level.PROBLEM),
    ],
)
def test_a_missing_one_weighs_as_much_as_it_is_needed(
    *, missing: str, of: Target, level: Level
) -> None:
    assert levels(ALL - {missing}, PLAIN, of)[missing] is level


CREATE, WRITE, ASSIGN = (
    "Group.Create",
    "GroupMember.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
)
GROUP = "0000bbbb-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("settings", "used"),
    [
        ({}, set()),
        ({"direct": "allow"}, {ASSIGN}),
        ({"groups": [{"id": GROUP, "events": "deny"}]}, {ASSIGN}),
        ({"groups": [{"name": "TOTAL-Admins", "admin": True}]}, {ASSIGN}),
        ({"groups": [{"id": GROUP}]}, {ASSIGN, WRITE}),
        ({"groups": [{"name": "TOTAL-Sales"}]}, {ASSIGN, WRITE}),
        (
            {
                "groups": [
                    {"name": "Admins", "admin": True},
                    {"id": GROUP, "events": "deny", "also_members_of": ["Admins"]},
                ]
            },
            {ASSIGN, WRITE},
        ),
        ({"groups": [{"name": "TOTAL-*"}]}, {ASSIGN, WRITE, CREATE}),
        ({"groups": [{"name": "TOTAL-*", "events": "deny"}]}, {ASSIGN}),
        ({"groups": [{"name": "T", "events": "deny", "create": {}}]}, {ASSIGN, CREATE}),
    ],
)
def test_each_permission_is_demanded_for_its_own_use(
    settings: dict[str, object], used: set[str]
) -> None:
    found = levels(ALL - {CREATE, WRITE, ASSIGN}, target(**settings))

    assert {name for name, level in found.items() if level is Level.PROBLEM} == used
    assert {name for name, level in found.items() if level is not Level.OK} == {
        CREATE,
        WRITE,
        ASSIGN,
    }


def test_a_greater_permission_will_do() -> None:
    given = ALL - {"Group.Create", "GroupMember.ReadWrite.All"} | {"Group.ReadWrite.All"}

    assert set(levels(given, FULL).values()) == {Level.OK}


def test_a_missing_one_is_named_with_what_does_not_work_and_how_to_grant_it() -> None:
    token = Token(permissions=ALL - {"AuditLog.Read.All"}, is_of_app=True)

    [found] = [f for f in check(token, [PLAIN]) if f.level is not Level.OK]

    assert "it cannot read the provisioning log" in found.found
    assert "grant the app's identity AuditLog.Read.All" in found.fix


def test_a_persons_token_says_nothing_of_the_app() -> None:
    token = Token(permissions=frozenset(), is_of_app=False)

    [found] = check(token, [FULL])

    assert (found.level, "a person's" in found.found) == (Level.WARNING, True)


def test_the_right_to_end_sessions_is_asked_for_only_where_a_target_wants_it() -> None:
    token = Token(permissions=ALL - {"User.RevokeSessions.All"}, is_of_app=True)

    wanted = check(token, [PLAIN, FULL])
    unwanted = check(token, [PLAIN])

    assert [f.level for f in wanted if f.level is not Level.OK] == [Level.PROBLEM]
    assert {f.level for f in unwanted} == {Level.OK}
