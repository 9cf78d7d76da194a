"""People who look at the pages, and programs that ask the API, while something else is measured.

They are a process of their own: `python -m benchmarks.onlookers URL` reads a token from its input,
sends requests until the input ends, and prints the number of answers by status. In the process that
is measured they would take the time of the emulated tenant.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from emulator.sign_in.registration import APP_ID_URI, client_id
from tests.support.tenant import Host, Tenant

PER_SECOND = 20
PATHS = ("/api/ui/now", "/api/ui/changes/now", "/api/v1/targets", "/api/v1/changes")
TIMEOUT = 30.0
ROOT = Path(__file__).parents[1]


@dataclass
class Seen:
    """The answers by status; 0 is none."""

    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def complaint(self) -> str:
        """Returns what is wrong with the answers, or ""."""
        good, total = self.statuses[200] + self.statuses[304], self.statuses.total()
        return f"{total - good} of {total} requests got no answer" if good < (total or 1) else ""


@asynccontextmanager
async def onlookers(tenant: Tenant, host: Host) -> AsyncIterator[Seen]:
    """Sends PER_SECOND requests a second until the end, however long the answers take. What was
    seen is complete afterwards."""
    token, seen = await _token(tenant), Seen()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.onlookers", host.url, cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    process.stdin.write(f"{token}\n".encode())
    await process.stdin.drain()
    try:
        yield seen
    finally:
        process.stdin.close()  # ends the requests
        output, _ = await process.communicate()
        seen.statuses.update({int(status): n for status, n in json.loads(output).items()})


async def look(url: str, token: str) -> Counter[int]:
    """Sends requests until the input ends."""
    statuses: Counter[int] = Counter()
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(
            base_url=url, headers=headers, trust_env=False, timeout=TIMEOUT
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        sending = group.create_task(_send(client, statuses))
        await asyncio.to_thread(sys.stdin.read)
        sending.cancel()
    return statuses


async def _send(client: httpx.AsyncClient, statuses: Counter[int]) -> None:
    async with asyncio.TaskGroup() as group:
        number = 0
        while True:
            group.create_task(_get(client, PATHS[number % len(PATHS)], statuses))
            number += 1
            await asyncio.sleep(1 / PER_SECOND)


async def _get(client: httpx.AsyncClient, path: str, statuses: Counter[int]) -> None:
    try:
        statuses[(await client.get(path)).status_code] += 1
    except httpx.TransportError:
        statuses[0] += 1


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


if __name__ == "__main__":
    given = sys.stdin.readline().strip()
    sys.stdout.write(json.dumps(asyncio.run(look(sys.argv[1], given))))
