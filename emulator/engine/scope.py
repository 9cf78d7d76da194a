"""Who is in scope of a target: assigned to its app, directly or as a direct member of a group."""

from dataclasses import dataclass
from typing import Any

from emulator.graph.directory import Directory
from emulator.graph.objects import Entity
from emulator.graph.replica import Replica

PROFILE = ("displayName", "userPrincipalName", "mail", "jobTitle", "department")
"""Source attributes that flow into the app; those that are null do not."""


@dataclass(frozen=True)
class Entitlement:
    """What the directory says of one user now, as far as a target is concerned."""

    is_active: bool
    assigned: bool


@dataclass(frozen=True)
class Scope:
    """Assignments are read from the replica, which may lag; memberships as they are now."""

    directory: Directory
    replica: Replica
    service_principal: Entity

    def principals(self) -> frozenset[str]:
        """Ids of the users and groups assigned, in any role."""
        assigned = self.replica.assignments(resource=self.service_principal)
        return frozenset(assignment.principal.id for assignment in assigned)

    def entitlement(self, user_id: str) -> Entitlement:
        user = self.directory.users.get(user_id)
        principals = self.principals()
        assigned = user_id in principals or not principals.isdisjoint(
            self.directory.groups_of(user_id)
        )
        return Entitlement(user is not None and user.is_enabled, assigned)


def profile(user: Entity) -> dict[str, Any]:
    """With the object id as externalId, the mapping that the app depends on."""
    flowing = {name: user.properties.get(name) for name in PROFILE}
    return {"externalId": user.id} | {k: v for k, v in flowing.items() if v is not None}
