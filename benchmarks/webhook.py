"""Compares how long Graph waits for the webhook with the handshake on the same host."""

import asyncio
import time
from typing import Any

import httpx

from benchmarks.row import Row
from emulator.demo.measure import percentile
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from hasten import settings
from tests.support.tenant import Host, Tenant

WATCHED = f"groups/{TOTAL_ENGINEERING}"

POSTS = 400
AT_ONCE = 4
LIMIT = 10.0
"""Maximum multiple of the handshake's p99, which queues nothing. Measured: 2 to 5 on two cores,
with the looks that follow running at the same time."""

GRAPHS_PATIENCE = 3.0
"""Seconds after which Graph considers a notification undelivered."""


async def row(tenant: Tenant, host: Host) -> Row:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        handshakes = [{"params": {"validationToken": f"token-{n}"}} for n in range(POSTS)]
        floor = percentile(await _times(client, host, handshakes), 99)
        notifications = [{"json": notification(tenant, host, n)} for n in range(POSTS)]
        before = _queued(host)
        p99 = percentile(await _times(client, host, notifications), 99)
        queued = _queued(host) - before
    return Row(
        what=f"webhook, p99 of {POSTS} posts",
        measured=p99,
        floor=floor,
        floor_is="handshake",
        limit=LIMIT,
        broken=_broken(p99, queued),
    )


def _broken(p99: float, queued: int) -> str:
    """Returns what is wrong. A refused notification is also answered with 202, and sooner, so only
    the log distinguishes the two."""
    if queued != POSTS:
        return f"{queued} of {POSTS} posts were queued"
    return "slower than Graph waits" if p99 > GRAPHS_PATIENCE else ""


def _queued(host: Host) -> int:
    """Returns the posts whose looks Service Bus accepted; the host logs that before it answers."""
    told = [event for event in host.events() if event["event"] == "notification"]
    return sum(event["result"] == "queued" for event in told)


async def _times(client: httpx.AsyncClient, host: Host, posts: list[dict[str, Any]]) -> list[float]:
    free = asyncio.Semaphore(AT_ONCE)

    async def post(request: dict[str, Any]) -> float:
        async with free:
            started = time.perf_counter()
            answer = await client.post(host.webhook, **request)
            assert answer.is_success, answer.status_code
            return time.perf_counter() - started

    return await asyncio.gather(*(post(request) for request in posts))


def notification(tenant: Tenant, host: Host, number: int) -> dict[str, Any]:
    """Returns a notification that hints at another user each time, so that none is dropped as a
    duplicate."""
    known = tenant.documents("subscriptions")
    subscription = next(key for key, row in known.items() if row["resource"] == WATCHED)
    member = {"id": object_id(f"user/{number + 6}")}
    item = {
        "changeType": "updated",
        "clientState": settings.load(host.settings).client_state,
        "resource": f"Groups/{TOTAL_ENGINEERING}",
        "resourceData": {"id": TOTAL_ENGINEERING, "members@delta": [member]},
        "subscriptionId": subscription,
        "tenantId": tenant.graph.tenant.id,
    }
    return {"value": [item]}
