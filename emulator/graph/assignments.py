"""Emulates appRoleAssignments, which decide which principals may use an app and are in scope of
provisioning."""

import base64
import itertools
from collections import defaultdict
from collections.abc import Iterator

from emulator.clock import iso
from emulator.graph.directory import Directory
from emulator.graph.errors import bad_request
from emulator.graph.objects import Assignment, Entity

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role of an app that declares none."""

DUPLICATES = (
    ("Permission being assigned already exists on the object", "Request_BadRequest"),
    ("EntitlementGrant entry already exists.", "Request_MultipleObjectsWithSameKeyValue"),
)
"""Message and code. Graph has returned both, and documents neither."""

MAX_ASSIGNMENTS = 1500
"""Maximum for one principal (Entra service limits)."""


class Assignments:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._all: dict[str, Assignment] = {}
        self._of: defaultdict[str, list[Assignment]] = defaultdict(list)
        self._duplicates = itertools.cycle(DUPLICATES)

    def __iter__(self) -> Iterator[Assignment]:
        """Yields all assignments, including removed ones, which a lagging replica still shows."""
        return iter(self._all.values())

    def add(self, principal: Entity, resource: Entity, app_role: str) -> Assignment:
        declared = [str(role["id"]) for role in resource.properties.get("appRoles") or ()]
        if app_role not in (declared or [DEFAULT_ACCESS]):
            raise bad_request("Permission being assigned was not found on application")
        if principal.kind == "group" and not principal.properties.get("securityEnabled"):
            raise bad_request("Only security groups can be assigned to an application")
        held = [a for a in self._of[principal.id] if a.removed_at is None]
        if any(a.resource is resource and a.app_role == app_role for a in held):
            raise bad_request(*next(self._duplicates))
        if len(held) >= MAX_ASSIGNMENTS:
            raise bad_request("The principal has the maximum number of app role assignments")
        now = self._directory.now()
        assignment = Assignment(self._new_id(), principal, resource, app_role, now, iso(now))
        self._all[assignment.id] = assignment
        self._of[principal.id].append(assignment)
        return assignment

    def remove(self, assignment_id: str, *, principal: str = "", resource: str = "") -> None:
        """Deletes an assignment, addressed by its principal or by its resource."""
        assignment = self._all.get(assignment_id)
        if (
            assignment is None
            or assignment.removed_at is not None
            or (principal and assignment.principal.id != principal)
            or (resource and assignment.resource.id != resource)
        ):
            raise bad_request("EntitlementGrant being updated or deleted is not found.")
        assignment.removed_at = self._directory.now()

    def _new_id(self) -> str:
        return base64.urlsafe_b64encode(self._directory.random.randbytes(32)).decode().rstrip("=")
