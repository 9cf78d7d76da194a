"""Determines who is in scope of a target: users assigned to its app, directly or as direct members
of a group."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from emulator.entra.behaviours import EntraBehaviours, Switches
from emulator.graph.directory import Directory
from emulator.graph.objects import Entity
from emulator.graph.replica import Replica

PROFILE = ("displayName", "userPrincipalName", "mail", "jobTitle", "department")
"""Source attributes that flow into the app; null values do not."""


@dataclass(frozen=True)
class Entitlement:
    """What provisioning knows about one user of a target. `by_scope` means that the scope includes
    everyone, assigned or not."""

    is_active: bool
    assigned: bool
    by_scope: bool = False

    @property
    def is_entitled(self) -> bool:
        return self.is_active and self.in_scope

    @property
    def in_scope(self) -> bool:
        return self.assigned or self.by_scope


@dataclass(frozen=True)
class Scope:
    """The scope of a target. Provisioning reads assignments from the replica, which may lag, and
    current memberships; `assignment_lag` makes both older."""

    directory: Directory
    replica: Replica
    service_principal: Entity
    switches: Switches = field(default_factory=Switches)

    @property
    def behaviours(self) -> EntraBehaviours:
        return self.switches.now

    def principals(self) -> frozenset[str]:
        """Returns the ids of the users and groups in scope: those assigned in any role, or all."""
        if self.behaviours.sync_all:
            known = (*self.directory.users.values(), *self.directory.groups.values())
            return frozenset(entity.id for entity in known if entity.deleted_at is None)
        return self._assigned()

    def entitlement(self, user_id: str) -> Entitlement:
        user = self.directory.users.get(user_id)
        principals = self._assigned()
        assigned = user_id in principals or self._is_in_any(user_id, principals)
        is_active = user is not None and user.is_enabled
        return Entitlement(is_active, assigned, by_scope=self.behaviours.sync_all)

    def members(self, group: Entity) -> Collection[str]:
        """Returns the ids of the direct members that provisioning considers."""
        lag = self.behaviours.assignment_lag
        if not lag:
            return group.members
        return self.replica.members(group, self.replica.position_before(lag))

    def _assigned(self) -> frozenset[str]:
        lag = self.replica.lag_of_assignments + self.behaviours.assignment_lag
        assigned = self.replica.assignments(resource=self.service_principal, lag=lag)
        return frozenset(assignment.principal.id for assignment in assigned)

    def _is_in_any(self, user_id: str, principals: frozenset[str]) -> bool:
        if not self.behaviours.assignment_lag:
            return not principals.isdisjoint(self.directory.groups_of(user_id))
        groups = (self.directory.groups.get(principal) for principal in principals)
        return any(group is not None and user_id in self.members(group) for group in groups)


def profile(user: Entity) -> dict[str, Any]:
    """Returns the mapped profile, with the object id as externalId, on which the app depends."""
    flowing = {name: user.properties.get(name) for name in PROFILE}
    return {"externalId": user.id} | {k: v for k, v in flowing.items() if v is not None}
