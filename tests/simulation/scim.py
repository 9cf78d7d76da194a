"""The app's SCIM server on virtual time: HTTP over the accounts of the emulated app, with what goes
wrong between an app and its callers."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx

from emulator.engine.app import Account, App, By
from tests.simulation.faults import Faults
from tests.simulation.owners import Owner

HOST = "app.example"
SETTINGS = {
    "url": f"https://{HOST}/scim/v2",
    "token": "HASTEN_SCIM_TOKEN_TOTAL",
    "match": {"app": "externalId", "entra": "id"},
    "calls_per_minute": 180,
}
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
BROKEN_STATUS = (500, 502, 503)
LATENCY = (0.02, 0.15)
"""Seconds one way, between the hosts and the app."""

SLOWEST = 30.0
"""Seconds that an answer takes at most: twice as long as Hasten waits for one."""

LATEST_WRITE = 20.0
"""Seconds after which an app at the latest does what it has answered with success."""

THROTTLED_FOR = (1, 60)


@dataclass
class ScimSide(httpx.AsyncBaseTransport):
    """`faults` has a random source of its own, so that no other draw depends on the app. `written`
    has the users for whom a write arrived, with the time."""

    app: App
    faults: Faults
    server: Owner
    wall: Any
    written: list[tuple[float, str]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        await asyncio.sleep(self.faults.random.uniform(*LATENCY))
        working = self.server.spawn(self._exchange(request))
        await asyncio.wait({working})
        answer = working.result()
        await asyncio.sleep(self.faults.random.uniform(*LATENCY))
        if answer is None:
            raise httpx.RemoteProtocolError("the app closed the connection", request=request)
        return answer

    async def _exchange(self, request: httpx.Request) -> httpx.Response | None:
        """None for an answer that is lost."""
        if self.faults.strikes("app_slow"):
            await asyncio.sleep(self.faults.random.uniform(1.0, SLOWEST))
        if self.faults.strikes("app_throttled"):
            seconds = self.faults.random.randint(*THROTTLED_FOR)
            return httpx.Response(429, headers={"Retry-After": str(seconds)})
        if self.faults.strikes("app_unavailable"):
            return httpx.Response(self.faults.random.choice(BROKEN_STATUS))
        if self.faults.strikes("app_cut_before"):
            return None
        answer = self._answer(request)
        return None if self.faults.strikes("app_cut_after") else answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        _, _, account = request.url.path.partition("/Users/")
        user = unquote(account)
        if not account:
            return self._listed(request)
        if user not in self.app.accounts:
            return httpx.Response(404, json={"schemas": [ERROR], "status": "404"})
        if request.method == "PATCH":
            self._patched(user, json.loads(request.content))
            return httpx.Response(204)
        return httpx.Response(200, json=_shown(self.app.accounts[user], self.app.groups))

    def _listed(self, request: httpx.Request) -> httpx.Response:
        wanted = parse_qs(request.url.query.decode())["filter"][0]
        user = json.loads(wanted.removeprefix("externalId eq "))
        found = [self.app.accounts[user]] if user in self.app.accounts else []
        shown = [_shown(account, self.app.groups) for account in found]
        body = {"schemas": [LIST], "totalResults": len(shown), "Resources": shown}
        return httpx.Response(200, json=body)

    def _patched(self, user: str, body: Mapping[str, Any]) -> None:
        [operation] = body["Operations"]
        assert (operation["path"], operation["value"]) == ("active", False)
        self.written.append((self.wall(), user))
        if self.faults.strikes("app_ignores"):
            return
        if self.faults.strikes("app_late"):
            self.server.spawn(self._later(user))
            return
        self.app.disable(user, By.HASTEN)

    async def _later(self, user: str) -> None:
        await asyncio.sleep(self.faults.random.uniform(0, LATEST_WRITE))
        self.app.disable(user, By.HASTEN)


def _shown(account: Account, groups: Mapping[str, str]) -> dict[str, Any]:
    listed = [{"value": group, "display": groups.get(group, group)} for group in account.groups]
    return {
        "id": account.user,
        "externalId": account.user,
        "active": account.active,
        **({"groups": listed} if listed else {}),
    }
