"""What administrators do to the directory, without Hasten knowing."""

from collections.abc import Sequence
from itertools import count

from emulator.graph.directory import MAX_LINKS
from emulator.graph.objects import Entity
from emulator.graph.seed import TOTAL, TOTAL_ROLE
from emulator.graph.tenant import Tenant


class Admin:
    """Of the target TOTAL. Raises GraphError for what Graph would refuse."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._directory = tenant.directory
        self._numbers = count(1)

    def join(self, group: str, *users: str) -> None:
        for start in range(0, len(users), MAX_LINKS):
            self._directory.add_members(self._group(group), users[start : start + MAX_LINKS])

    def leave(self, group: str, *users: str) -> None:
        for user in users:
            self._directory.remove_member(self._group(group), user)

    def disable(self, user: str) -> None:
        self._directory.update(self._directory.users[user], {"accountEnabled": False})

    def enable(self, user: str) -> None:
        self._directory.update(self._directory.users[user], {"accountEnabled": True})

    def delete(self, user_or_group: str) -> None:
        self._directory.delete(self._entity(user_or_group))

    def restore(self, user_or_group: str) -> None:
        self._directory.restore(user_or_group)

    def create_group(self, members: Sequence[str] = ()) -> str:
        number = next(self._numbers)
        properties = {"displayName": f"New-{number}", "mailNickname": f"new-{number}"}
        return self._directory.create_group(properties, members).id

    def create_user(self) -> str:
        number = next(self._numbers)
        name = f"new.person{number}@contoso.example"
        properties = {"displayName": f"New Person {number}", "userPrincipalName": name}
        return self._directory.create_user(properties).id

    def assign(self, principal: str) -> None:
        app = self._directory.service_principals[TOTAL]
        self._tenant.assignments.add(self._entity(principal), app, TOTAL_ROLE)

    def unassign(self, principal: str) -> None:
        for assignment in tuple(self._tenant.assignments):
            is_live = assignment.removed_at is None and assignment.resource.id == TOTAL
            if is_live and assignment.principal.id == principal:
                self._tenant.assignments.remove(assignment.id)

    def _group(self, group: str) -> Entity:
        return self._directory.groups[group]

    def _entity(self, object_id: str) -> Entity:
        found = self._directory.find(object_id)
        assert found is not None, f"{object_id} does not exist"
        return found
