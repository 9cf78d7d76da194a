"""An emulated tenant without a network, for tests of single behaviours of Graph."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from emulator.entra.behaviours import EntraBehaviours
from emulator.graph.options import GraphOptions
from emulator.graph.server import GraphServer

BASE = "http://graph"


class Wall:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class LocalTenant:
    """`admin` is the administrator's client, `app` the managed identity's."""

    def __init__(self, server: GraphServer, wall: Wall) -> None:
        self.server = server
        self.tenant = server.tenant
        self.wall = wall
        issued = self.tenant.tokens.issue("https://graph.microsoft.com")
        self.admin = _client(server, server.admin_token)
        self.app = _client(server, str(issued["access_token"]))

    async def read(self, path: str, **query: str) -> Any:
        """An administrator's GET below /v1.0."""
        answer = await self.admin.get(f"/v1.0{path}", params=query or None)
        assert answer.is_success, answer.text
        return answer.json()


@asynccontextmanager
async def local_tenant(
    entra: EntraBehaviours | None = None, *, webhooks: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[LocalTenant]:
    wall = Wall()
    options = GraphOptions(
        users=300,
        on_demand_delay=(0.0, 0.0),
        entra=entra or EntraBehaviours.kind(),
        wall=wall,
        webhooks=webhooks,
    )
    local = LocalTenant(GraphServer(options), wall)
    try:
        async with local.admin, local.app:
            yield local
    finally:
        await local.tenant.close()


def _client(server: GraphServer, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(server.app),
        base_url=BASE,
        headers={"Authorization": f"Bearer {token}"},
    )
