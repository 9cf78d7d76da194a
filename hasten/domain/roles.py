"""Chooses the app role that an assignment grants, and refuses to guess between several."""

from collections.abc import Sequence

from hasten.errors import PermanentError
from hasten.json import Json

NO_ROLE = "00000000-0000-0000-0000-000000000000"
"""Graph accepts this role only if the app declares no app role (appRoleAssignment)."""

DEFAULT_ROLE_NAME = "user"
"""The role that apps from Entra's own templates declare for everyone."""


def choose_role(app_roles: Sequence[Json], wanted: str) -> str:
    """Returns the id of the role whose value or display name is `wanted`, without regard to case.

    If `wanted` is empty, returns the only role that users can have, or the one called "User".
    Raises PermanentError if there is no such role, or if several fit.
    """
    roles = [role for role in app_roles if _is_for_users(role)]
    if wanted:
        return _only(_called(roles, wanted), roles, f"the app has no role {wanted}")
    if not roles:
        return NO_ROLE
    fitting = roles if len(roles) == 1 else _called(roles, DEFAULT_ROLE_NAME)
    return _only(fitting, roles, f"the app declares {len(roles)} roles")


def _is_for_users(role: Json) -> bool:
    return role.get("isEnabled") is not False and "User" in (role.get("allowedMemberTypes") or ())


def _called(roles: Sequence[Json], name: str) -> list[Json]:
    """Returns the roles with this name. A value takes precedence over a display name: apps check
    values, people read names."""
    by_key = (
        [role for role in roles if str(role.get(key) or "").casefold() == name.casefold()]
        for key in ("value", "displayName")
    )
    return next((found for found in by_key if found), [])


def _only(fitting: Sequence[Json], roles: Sequence[Json], otherwise: str) -> str:
    if len(fitting) == 1:
        return str(fitting[0]["id"])
    names = ", ".join(sorted(str(r.get("value") or r.get("displayName")) for r in roles)) or "none"
    raise PermanentError(
        f"{otherwise}; those for users are: {names}",
        "name one as `role` of the group in targets.yaml",
    )
