"""Implements the Directory port on Microsoft Graph v1.0."""

from collections.abc import Sequence
from functools import partial

import httpx
from azure.core.credentials_async import AsyncTokenCredential

from hasten.adapters.graph import hidden_members, membership
from hasten.adapters.graph.accounts import Accounts
from hasten.adapters.graph.bounded import BoundedTransport
from hasten.adapters.graph.client import graph_client
from hasten.adapters.graph.follow_ups import FollowUps
from hasten.adapters.graph.provisioning import Provisioning
from hasten.adapters.graph.reads import Reads
from hasten.adapters.graph.subscriptions import Subscriptions
from hasten.adapters.graph.wire import Wire
from hasten.adapters.graph.writes import Writes
from hasten.adapters.token import has_permission
from hasten.clouds import cloud_of
from hasten.ports.directory_values import (
    HIDDEN_MEMBERSHIP,
    MemberProfiles,
    Members,
    MembershipDelta,
)


class GraphDirectory(Reads, Accounts, Writes, FollowUps, Provisioning, Subscriptions):
    """Owns `transport`, which holds the connections. The credential is shared and stays open."""

    def __init__(
        self, base_url: str, credential: AsyncTokenCredential, transport: httpx.AsyncBaseTransport
    ) -> None:
        client = graph_client(base_url, credential, BoundedTransport(transport))
        super().__init__(client, Wire(client.request_adapter))
        self._transport = transport
        self._token = partial(credential.get_token, cloud_of(base_url).scope)

    async def members(self, group: str, *, enough: int | None = None) -> Members:
        return await hidden_members.members(
            super().members(group, enough=enough), partial(self._are_hidden, group)
        )

    async def member_profiles(self, group: str, properties: Sequence[str]) -> MemberProfiles | None:
        return await hidden_members.profiles(
            super().member_profiles(group, properties), partial(self._are_hidden, group)
        )

    async def _are_hidden(self, group: str) -> bool:
        """Asks for a token only after Graph has taken one, so the credential has it."""
        token = await self._token()
        if has_permission(token.token, hidden_members.PERMISSION):
            return False
        shown = await self.group(group)
        return shown is not None and shown.get("visibility") == HIDDEN_MEMBERSHIP

    async def membership_start(self, *groups: str) -> str:
        return await membership.start(self._client, self._wire, groups)

    async def membership_delta(self, link: str) -> MembershipDelta:
        return await membership.since(self._wire, link)

    async def close(self) -> None:
        await self._transport.aclose()
