"""Which app role an assignment grants."""

from typing import Any

import pytest

from hasten.domain.roles import NO_ROLE, choose_role
from hasten.errors import PermanentError


def role(value: str | None, name: str = "", **other: Any) -> dict[str, Any]:
    shown = {"id": f"id-{value or name}", "value": value, "displayName": name or value}
    return {**shown, "allowedMemberTypes": ["User"], "isEnabled": True, **other}


FOR_APPS = role("read.all", allowedMemberTypes=["Application"])
RETIRED = role("old", isEnabled=False)


@pytest.mark.parametrize("declared", [[], [FOR_APPS], [RETIRED, FOR_APPS]])
def test_an_app_without_roles_for_users_takes_no_role(declared: list[dict[str, Any]]) -> None:
    assert choose_role(declared, "") == NO_ROLE


def test_the_only_role_for_users_is_taken_whatever_it_is_called() -> None:
    assert choose_role([FOR_APPS, role("msiam_access"), RETIRED], "") == "id-msiam_access"


def test_among_several_the_one_called_user_is_taken() -> None:
    assert choose_role([role("msiam_access"), role(None, "User")], "") == "id-User"


def test_several_without_one_called_user_are_listed_for_someone_to_choose() -> None:
    with pytest.raises(PermanentError) as refused:
        choose_role([role("viewer"), role("analyst")], "")

    assert "analyst, viewer" in refused.value.reason
    assert "`role`" in refused.value.next_action


@pytest.mark.parametrize("wanted", ["adm", "ADM", "administrator"])
def test_a_role_is_named_by_value_or_display_name_without_case(wanted: str) -> None:
    assert choose_role([role("user"), role("adm", "Administrator")], wanted) == "id-adm"


def test_a_value_goes_before_the_same_display_name() -> None:
    assert choose_role([role("a", "Admin"), role("admin", "Other")], "Admin") == "id-admin"


@pytest.mark.parametrize("declared", [[], [role("user")], [RETIRED]])
def test_a_role_the_app_does_not_have_is_refused(declared: list[dict[str, Any]]) -> None:
    with pytest.raises(PermanentError, match="no role old"):
        choose_role(declared, "old")


def test_two_roles_of_the_wanted_name_are_refused() -> None:
    with pytest.raises(PermanentError):
        choose_role([role("a", "Admin"), role("b", "Admin")], "Admin")
