"""Reads users' own accounts: one, those of a group, and by delta query those that changed."""

from collections.abc import Sequence
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.directory.deleted_items.item.directory_object_item_request_builder import (
    DirectoryObjectItemRequestBuilder,
)
from msgraph.generated.groups.item.members.graph_user.graph_user_request_builder import (
    GraphUserRequestBuilder,
)
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import UnreadableError
from hasten.adapters.graph.delta_pages import DeltaPages
from hasten.adapters.graph.wire import Wire, or_none
from hasten.limits import MAX_PAGE_SIZE
from hasten.object_ids import is_object_id
from hasten.ports.directory_values import MemberProfiles, PeopleDelta, Profile, UnreadMember

DIRECTORY_PERMISSION = "Directory.Read.All"
ALWAYS_SELECTED = ("id", "accountEnabled")

UNREAD = ""
"""Takes the place of the id in an entry that cannot be read."""


class Accounts:
    def __init__(self, client: GraphServiceClient, wire: Wire) -> None:
        self._client = client
        self._wire = wire

    async def profile(self, user: str, properties: Sequence[str]) -> Profile | None:
        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
            select=[*ALWAYS_SELECTED, *properties]
        )
        request = self._client.users.by_user_id(user).to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )
        reading = self._wire.read(request, bodies.USER.of(user), needs=DIRECTORY_PERMISSION)
        found = await or_none(reading)
        return None if found is None else bodies.profile(found, properties)

    async def member_profiles(self, group: str, properties: Sequence[str]) -> MemberProfiles | None:
        query = GraphUserRequestBuilder.GraphUserRequestBuilderGetQueryParameters(
            select=[*ALWAYS_SELECTED, *properties], top=MAX_PAGE_SIZE, count=True
        )
        cast = self._client.groups.by_group_id(group).members.graph_user
        request = cast.to_get_request_information(RequestConfiguration(query_parameters=query))
        # Graph answers a cast only from its eventually consistent index.
        request.headers.try_add("ConsistencyLevel", "eventual")
        listed = await or_none(
            self._wire.listed(request, bodies.readable_user, needs=DIRECTORY_PERMISSION)
        )
        if listed is None:
            return None
        return MemberProfiles(
            {
                one["id"].lower(): bodies.profile(one, properties)
                for one in listed
                if not isinstance(one, UnreadMember)
            },
            [one for one in listed if isinstance(one, UnreadMember)],
        )

    async def is_restorable(self, user: str) -> bool:
        query = (
            DirectoryObjectItemRequestBuilder.DirectoryObjectItemRequestBuilderGetQueryParameters(
                select=["id"]
            )
        )
        item = self._client.directory.deleted_items.by_directory_object_id(user)
        request = item.to_get_request_information(RequestConfiguration(query_parameters=query))
        reading = self._wire.read(request, bodies.CREATED.of(user), needs=DIRECTORY_PERMISSION)
        return await or_none(reading) is not None

    async def people_start(self, properties: Sequence[str]) -> str:
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            select=[*ALWAYS_SELECTED, *properties]
        )
        request = self._client.users.delta.to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )
        return await _pages(self._wire).start(request)

    async def people_delta(self, link: str) -> PeopleDelta:
        changed: set[str] = set()
        end = await _pages(self._wire).since(link, changed.update)
        known = frozenset(changed - {UNREAD})
        return PeopleDelta(known, end.link, end.cut, has_unread=UNREAD in changed)


def _pages(wire: Wire) -> DeltaPages[str]:
    return DeltaPages(wire, _changed, DIRECTORY_PERMISSION, _readable_changed)


def _changed(listed: Any) -> str:
    user = str(bodies.CREATED.read(listed)["id"]).lower()
    if not is_object_id(user):
        raise UnreadableError("the id of a user is no object id")
    return user


def _readable_changed(listed: Any) -> str:
    try:
        return _changed(listed)
    except UnreadableError:
        return UNREAD
