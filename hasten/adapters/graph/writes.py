"""Writes groups, their members and the assignments of an enterprise application."""

from collections.abc import Sequence
from uuid import UUID

import httpx
from msgraph.generated.models.app_role_assignment import AppRoleAssignment
from msgraph.generated.models.group import Group
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import body, made
from hasten.adapters.graph.refusals import already_exists, classified, missing
from hasten.adapters.graph.wire import Wire
from hasten.clouds import cloud_of
from hasten.json import Json
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory_errors import Missing, NotYet

NEW_GROUPS_PERMISSION = "Group.Create"
MEMBERS_PERMISSION = "GroupMember.ReadWrite.All"
ASSIGNMENTS_PERMISSION = "AppRoleAssignment.ReadWrite.All"

OWNERS_KEY = "owners@odata.bind"


class Writes:
    def __init__(self, client: GraphServiceClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def create_group(self, properties: Json) -> str:
        """Creates a group. Never retried: Graph accepts a second group of the same name."""
        wanted = dict(properties)
        if OWNERS_KEY in wanted:
            wanted[OWNERS_KEY] = [self._reference("users", owner) for owner in wanted[OWNERS_KEY]]
        request = self._client.groups.to_post_request_information(Group(additional_data=wanted))
        with already_exists():
            made = await self._wire.write_once(
                request, bodies.CREATED.read, needs=NEW_GROUPS_PERMISSION
            )
        return str(made["id"]).lower()

    def _reference(self, collection: str, object_id: str) -> str:
        """Returns an address of Graph itself, whatever host the request goes to, because Graph
        requires it."""
        graph = cloud_of(str(self._client.request_adapter.base_url)).graph
        return f"{graph}/v1.0/{collection}/{object_id}"

    async def add_members(self, group: str, members: Sequence[str]) -> None:
        if not 0 < len(members) <= MAX_LINKS_PER_PATCH:
            raise ValueError(f"{len(members)} members: a PATCH adds 1 to {MAX_LINKS_PER_PATCH}")
        bound = {"members@odata.bind": [self._reference("directoryObjects", m) for m in members]}
        item = self._client.groups.by_group_id(group)
        request = item.to_patch_request_information(Group(additional_data=bound))
        with classified():
            await self._wire.write_in_turn(request, made, needs=MEMBERS_PERMISSION)

    async def remove_member(self, group: str, member: str) -> bool:
        members = self._client.groups.by_group_id(group).members
        request = members.by_directory_object_id(member).ref.to_delete_request_information()
        try:
            with missing():
                await self._wire.write_in_turn(request, made, needs=MEMBERS_PERMISSION)
        except Missing:
            return False
        return True

    async def assign(self, service_principal: str, principal: str, role: str) -> None:
        wanted = AppRoleAssignment(
            principal_id=UUID(principal),
            resource_id=UUID(service_principal),
            app_role_id=UUID(role),
        )
        resource = self._client.service_principals.by_service_principal_id(service_principal)
        request = resource.app_role_assigned_to.to_post_request_information(wanted)
        try:
            with classified():
                await self._wire.write_in_turn(request, _created, needs=ASSIGNMENTS_PERMISSION)
        except Missing as absent:
            raise NotYet(str(absent)) from absent

    async def unassign(self, service_principal: str, assignment: str) -> bool:
        resource = self._client.service_principals.by_service_principal_id(service_principal)
        item = resource.app_role_assigned_to.by_app_role_assignment_id(assignment)
        try:
            with missing():
                await self._wire.write_in_turn(
                    item.to_delete_request_information(), made, needs=ASSIGNMENTS_PERMISSION
                )
        except Missing:
            return False
        return True


def _created(response: httpx.Response) -> Json:
    return bodies.CREATED.read(body(response))
