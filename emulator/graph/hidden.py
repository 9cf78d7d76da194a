"""Hides the members of groups with hidden membership from a caller that may not read them. Graph
documents the permission, and not its answer without it: the emulator shows nobody."""

from collections.abc import Collection, Sequence

from starlette.requests import Request

from emulator.graph.objects import Entity, Json

PERMISSION, HIDDEN = "Member.Read.Hidden", "HiddenMembership"
ROLES = "graph.roles"
"""Key of the scope of a request: the caller's permissions, None for an administrator."""


def hides(request: Request, group: Entity) -> bool:
    roles: Collection[str] | None = request.scope[ROLES]
    may_read = roles is None or PERMISSION in roles
    return group.properties.get("visibility") == HIDDEN and not may_read


def without_hidden(
    request: Request, shown: Sequence[Json], groups: dict[str, Entity]
) -> Sequence[Json]:
    """Returns the objects of a delta page without the changes of hidden members."""
    return [
        {name: value for name, value in one.items() if name != "members@delta"}
        if one["id"] in groups and hides(request, groups[one["id"]])
        else one
        for one in shown
    ]
