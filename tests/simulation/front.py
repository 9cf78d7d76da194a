"""The API and the pages of the hosts, as an operator reaches them: with a token, or with the cookie
of a session and the form of a page."""

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx

from hasten.api.app import API, UI
from hasten.api.caller import Caller, Role
from hasten.api.door import Door
from hasten.api.session import COOKIES, SESSION, of_session
from tests.fakes.sign_in import signed
from tests.simulation.host import Host
from tests.simulation.world import World
from tests.support.face import CSRF, OPERATOR, claims
from tests.support.virtual_time import now

ROLES = (Role.OPERATE, Role.SEND)
LATENCY = 0.05
"""Seconds one way, between the operator and a host."""


class Front:
    """Each living host gets a request in turn. An answer is None if no host lives, or if the one
    asked died."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._origin = world.around.settings.origin
        self._turn = count()

    async def get(self, path: str, **query: str) -> httpx.Response | None:
        return await self._by_token(httpx.Request("GET", self._url(API, path), params=query))

    async def post(
        self, path: str, body: Mapping[str, object], by: str = OPERATOR
    ) -> httpx.Response | None:
        kind = {"Content-Type": "application/json"}
        content = json.dumps(body).encode()
        caller = claims(*ROLES, tid=self._world.around.settings.tenant, oid=by)
        return await self._by_token(
            httpx.Request("POST", self._url(API, path), headers=kind, content=content), caller
        )

    async def post_events(
        self, content: bytes, headers: Mapping[str, str], caller: Mapping[str, Any]
    ) -> httpx.Response | None:
        """Posts onboarding events as the caller with these claims."""
        url = self._url(API, "/events")
        return await self._by_token(
            httpx.Request("POST", url, headers=dict(headers), content=content), caller
        )

    async def submit(
        self, path: str, fields: Mapping[str, str], by: str = OPERATOR
    ) -> httpx.Response | None:
        """Sends the form of a page."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self._origin,
        }
        content = urlencode({**fields, "csrf": CSRF}).encode()
        request = httpx.Request("POST", self._url(UI, path), headers=headers, content=content)
        host = self._host()
        if host is None:
            return None
        request.headers["Cookie"] = self._cookie(host, by)
        return await self._ask(host, request)

    async def _by_token(
        self, request: httpx.Request, caller: Mapping[str, Any] | None = None
    ) -> httpx.Response | None:
        host = self._host()
        if host is None:
            return None
        caller = caller or claims(*ROLES, tid=self._world.around.settings.tenant)
        request.headers["Authorization"] = f"Bearer {signed(caller)}"
        return await self._ask(host, request)

    async def _ask(self, host: Host, request: httpx.Request) -> httpx.Response | None:
        await asyncio.sleep(LATENCY)
        answer = await host.serve(request) if host.is_alive else None
        await asyncio.sleep(LATENCY)
        return answer

    def _host(self) -> Host | None:
        living = [host for host in self._world.hosts if host.is_alive]
        return living[next(self._turn) % len(living)] if living else None

    def _cookie(self, host: Host, by: str) -> str:
        door = host.app.page.state.door
        assert isinstance(door, Door)
        caller = Caller(object_id=by, name="operator", roles=frozenset(ROLES))
        sealed = door.sessions.seal(of_session(caller, CSRF), now())
        return f"{COOKIES[SESSION]}={sealed}"

    def _url(self, prefix: str, path: str) -> str:
        return f"{self._origin}{prefix}{path}"
