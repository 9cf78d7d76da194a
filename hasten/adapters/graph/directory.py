"""Implements the Directory port on Microsoft Graph v1.0."""

import httpx
from azure.core.credentials_async import AsyncTokenCredential

from hasten.adapters.graph import membership
from hasten.adapters.graph.accounts import Accounts
from hasten.adapters.graph.bounded import BoundedTransport
from hasten.adapters.graph.client import graph_client
from hasten.adapters.graph.follow_ups import FollowUps
from hasten.adapters.graph.provisioning import Provisioning
from hasten.adapters.graph.reads import Reads
from hasten.adapters.graph.subscriptions import Subscriptions
from hasten.adapters.graph.wire import Wire
from hasten.adapters.graph.writes import Writes
from hasten.ports.directory_values import MembershipDelta


class GraphDirectory(Reads, Accounts, Writes, FollowUps, Provisioning, Subscriptions):
    """Owns `transport`, which holds the connections. The credential is shared and stays open."""

    def __init__(
        self, base_url: str, credential: AsyncTokenCredential, transport: httpx.AsyncBaseTransport
    ) -> None:
        client = graph_client(base_url, credential, BoundedTransport(transport))
        super().__init__(client, Wire(client.request_adapter))
        self._transport = transport

    async def membership_start(self, *groups: str) -> str:
        return await membership.start(self._client, self._wire, groups)

    async def membership_delta(self, link: str) -> MembershipDelta:
        return await membership.since(self._wire, link)

    async def close(self) -> None:
        await self._transport.aclose()
