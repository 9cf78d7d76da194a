"""People who look at the pages, and programs that ask the API, while something else is measured."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from emulator.sign_in.registration import APP_ID_URI, client_id
from tests.support.tenant import Host, Tenant

PER_SECOND = 20
PATHS = ("/api/ui/now", "/api/ui/changes/now", "/api/v1/targets", "/api/v1/changes")
TIMEOUT = 30.0


@dataclass
class Onlookers:
    """The answers by status; 0 is none."""

    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def complaint(self) -> str:
        """What is wrong with the answers, or empty."""
        good = self.statuses[200] + self.statuses[304]
        bad = self.statuses.total() - good
        return f"{bad} of {self.statuses.total()} requests got no answer" if bad or not good else ""


@asynccontextmanager
async def onlookers(tenant: Tenant, host: Host) -> AsyncIterator[Onlookers]:
    """Sends PER_SECOND requests a second until the end, whatever the answers take."""
    seen = Onlookers()
    headers = {"Authorization": f"Bearer {await _token(tenant)}"}
    async with (
        httpx.AsyncClient(
            base_url=host.url, headers=headers, trust_env=False, timeout=TIMEOUT
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        sending = group.create_task(_send(client, seen))
        yield seen
        sending.cancel()


async def _send(client: httpx.AsyncClient, seen: Onlookers) -> None:
    async with asyncio.TaskGroup() as group:
        number = 0
        while True:
            group.create_task(_get(client, PATHS[number % len(PATHS)], seen))
            number += 1
            await asyncio.sleep(1 / PER_SECOND)


async def _get(client: httpx.AsyncClient, path: str, seen: Onlookers) -> None:
    try:
        answer = await client.get(path)
        seen.statuses[answer.status_code] += 1
    except httpx.TransportError:
        seen.statuses[0] += 1


async def _token(tenant: Tenant) -> str:
    """Returns the token of a program that may read."""
    sign_in = tenant.azure.sign_in
    async with httpx.AsyncClient(base_url=tenant.graph.url, trust_env=False) as client:
        answer = await client.post(
            f"/{sign_in.issuer.tenant}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client_id("watcher"),
                "client_secret": sign_in.registration.secret,
                "scope": f"{APP_ID_URI}/.default",
            },
        )
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token
