"""Which permissions are missed, and how much."""

import json

import pytest

from hasten.doctor.findings import Level
from hasten.doctor.permissions import NEEDED_PERMISSIONS, For, check, check_hidden
from hasten.ports.probes import Token
from tests.unit.infra.templates import INFRA

ALL = frozenset(needed.name for needed in NEEDED_PERMISSIONS)


def levels(permissions: frozenset[str], *, uses_onboarding: bool = False) -> dict[str, Level]:
    """By permission."""
    token = Token(permissions=permissions, is_of_app=True)
    found = check(token, uses_onboarding=uses_onboarding, ends_sessions=True)
    found.append(check_hidden(token))
    return {needed.name: one.level for needed, one in zip(NEEDED_PERMISSIONS, found, strict=True)}


def test_the_table_is_what_deployment_grants() -> None:
    granted = json.loads((INFRA / "graph" / "permissions.json").read_text())

    table = {
        purpose: [n.name for n in NEEDED_PERMISSIONS if n.needed == purpose] for purpose in For
    }
    assert {k: sorted(v) for k, v in table.items()} == {k: sorted(v) for k, v in granted.items()}


def test_with_all_of_them_every_line_is_ok() -> None:
    assert set(levels(ALL, uses_onboarding=True).values()) == {Level.OK}


@pytest.mark.parametrize(
    ("missing", "uses_onboarding", "level"),
    [
        ("Synchronization.ReadWrite.All", False, Level.PROBLEM),
        ("Group.Create", True, Level.PROBLEM),
        ("Group.Create", False, Level.WARNING),
        ("AuditLog.Read.All", True, Level.WARNING),
        ("Member.Read.Hidden", False, Level.PROBLEM),
    ],
)
def test_a_missing_one_weighs_as_much_as_it_is_needed(
    *, missing: str, uses_onboarding: bool, level: Level
) -> None:
    assert levels(ALL - {missing}, uses_onboarding=uses_onboarding)[missing] is level


def test_a_greater_permission_will_do() -> None:
    given = ALL - {"Group.Create", "GroupMember.ReadWrite.All"} | {"Group.ReadWrite.All"}

    assert set(levels(given, uses_onboarding=True).values()) == {Level.OK}


def test_a_missing_one_is_named_with_what_does_not_work_and_how_to_grant_it() -> None:
    token = Token(permissions=ALL - {"AuditLog.Read.All"}, is_of_app=True)

    [found] = [
        f
        for f in check(token, uses_onboarding=False, ends_sessions=False)
        if f.level is not Level.OK
    ]

    assert "it cannot read the provisioning log" in found.found
    assert "grant the app's identity AuditLog.Read.All" in found.fix


def test_a_persons_token_says_nothing_of_the_app() -> None:
    token = Token(permissions=frozenset(), is_of_app=False)

    [found] = check(token, uses_onboarding=True, ends_sessions=False)

    assert (found.level, "a person's" in found.found) == (Level.WARNING, True)


def test_the_right_to_end_sessions_is_asked_for_only_where_a_target_wants_it() -> None:
    token = Token(permissions=ALL - {"User.RevokeSessions.All"}, is_of_app=True)

    wanted = check(token, uses_onboarding=False, ends_sessions=True)
    unwanted = check(token, uses_onboarding=False, ends_sessions=False)

    assert [f.level for f in wanted if f.level is not Level.OK] == [Level.WARNING]
    assert {f.level for f in unwanted} == {Level.OK}
