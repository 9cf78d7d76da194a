"""What administrators do to the directory, without Hasten knowing."""

from collections.abc import Sequence
from itertools import count

from emulator.graph.directory import MAX_LINKS
from emulator.graph.objects import Entity
from emulator.graph.seed import TOTAL
from emulator.graph.tenant import Tenant
from hasten.domain.changes import DIRECT
from tests.support.virtual_time import now


class Admin:
    """Assignments are those of TOTAL unless another app is named. Raises GraphError for what Graph
    would refuse."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._directory = tenant.directory
        self._numbers = count(1)
        self._changed_at: dict[tuple[str, str], float] = {}
        """When a member of a group was last changed, or a user or group itself (with "")."""

    def changed_since(self, time: float, group: str, user: str) -> bool:
        """Whether the membership, the group or the user was changed by hand at `time` or later.
        Without a group it is the assignment of the user."""
        keys = ((group, user), (group, ""), ("", user))
        return any(self._changed_at.get(key, 0.0) >= time for key in keys)

    def join(self, group: str, *users: str) -> None:
        self._note(group, *users)
        for start in range(0, len(users), MAX_LINKS):
            self._directory.add_members(self._group(group), users[start : start + MAX_LINKS])

    def leave(self, group: str, *users: str) -> None:
        self._note(group, *users)
        for user in users:
            self._directory.remove_member(self._group(group), user)

    def disable(self, user: str) -> None:
        self._directory.update(self._directory.users[user], {"accountEnabled": False})

    def enable(self, user: str) -> None:
        self._directory.update(self._directory.users[user], {"accountEnabled": True})

    def delete(self, user_or_group: str) -> None:
        self._note_itself(user_or_group)
        self._directory.delete(self._entity(user_or_group))

    def restore(self, user_or_group: str) -> None:
        self._note_itself(user_or_group)
        self._directory.restore(user_or_group)

    def create_group(self, members: Sequence[str] = ()) -> str:
        number = next(self._numbers)
        properties = {"displayName": f"New-{number}", "mailNickname": f"new-{number}"}
        group = self._directory.create_group(properties, members).id
        self._note(group, *members)
        return group

    def create_user(self, upn: str = "") -> str:
        number = next(self._numbers)
        name = upn or f"new.person{number}@contoso.example"
        properties = {"displayName": f"New Person {number}", "userPrincipalName": name}
        return self._directory.create_user(properties).id

    def assign(self, principal: str, app: str = TOTAL) -> None:
        self._note_assignment(principal, app)
        resource = self._directory.service_principals[app]
        role = str(resource.properties["appRoles"][0]["id"])
        self._tenant.assignments.add(self._entity(principal), resource, role)

    def unassign(self, principal: str, app: str = TOTAL) -> None:
        self._note_assignment(principal, app)
        for assignment in tuple(self._tenant.assignments):
            is_live = assignment.removed_at is None and assignment.resource.id == app
            if is_live and assignment.principal.id == principal:
                self._tenant.assignments.remove(assignment.id)

    def _note(self, group: str, *users: str) -> None:
        self._changed_at |= {(group, user): now().timestamp() for user in users}

    def _note_assignment(self, principal: str, app: str) -> None:
        if app == TOTAL:
            self._note(DIRECT, principal)

    def _note_itself(self, user_or_group: str) -> None:
        self._changed_at[user_or_group, ""] = self._changed_at["", user_or_group] = (
            now().timestamp()
        )

    def _group(self, group: str) -> Entity:
        return self._directory.groups[group]

    def _entity(self, object_id: str) -> Entity:
        found = self._directory.find(object_id)
        assert found is not None, f"{object_id} does not exist"
        return found
