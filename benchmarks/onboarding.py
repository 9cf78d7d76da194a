"""Compares many simultaneous onboarding events with what Graph's limit on calls allows."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from azure.servicebus import ServiceBusMessage
from azure.servicebus.aio import ServiceBusClient

from benchmarks.onlookers import PER_SECOND, onlookers
from benchmarks.row import Row
from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.limits import (
    CALL_WINDOW,
    CALL_WINDOW_MARGIN,
    CALLS_PER_WINDOW,
    MAX_LINKS_PER_PATCH,
    MAX_MEMBERS_PER_CALL,
)
from hasten.ports.bus import ONBOARDING_EVENTS
from tests.support.tenant import Host, Tenant, eventually, newcomers

EVENTS = 150
FIRST = 500
LIMIT = 1.2
"""The floor counts windows from call to call; the first call waits a second for more joiners, and
the last one takes its time in the app."""

MORE_WRITES = 5
"""PATCHes that may be sent unfilled, at the ends of the stream of events."""


async def row(tenant: Tenant) -> Row:
    return await _row(tenant, FIRST, f"{EVENTS} onboarding events")


async def looked_at_row(tenant: Tenant, host: Host, alone: Row) -> Row:
    """The same, while people look at the pages and programs ask the API, against `alone`."""
    async with onlookers(tenant, host) as seen:
        found = await _row(tenant, FIRST + EVENTS, f"the same, {PER_SECOND} requests a second")
    broken = "; ".join(filter(None, (found.broken, seen.complaint)))
    return replace(found, floor=alone.measured, floor_is="without them", broken=broken)


async def _row(tenant: Tenant, first: int, what: str) -> Row:
    """Measures from the first post to the last account in the app; one event per user, posted
    together."""
    await asyncio.sleep(
        (CALL_WINDOW + CALL_WINDOW_MARGIN).total_seconds()
    )  # earlier calls no longer count
    people = newcomers(EVENTS, first=first)
    since = time.time()
    started = time.perf_counter()
    await _post(tenant, first)
    await eventually(partial(tenant.are_in, people), within=300)
    took = time.perf_counter() - started
    calls = -(-EVENTS // MAX_MEMBERS_PER_CALL)
    writes = [
        request
        for request in await tenant.admin.requests(f"groups/{TOTAL_ENGINEERING}", since)
        if request["method"] != "GET"
    ]
    most = EVENTS / MAX_LINKS_PER_PATCH + MORE_WRITES
    return Row(
        what=what,
        measured=took,
        floor=(calls - 1) // CALLS_PER_WINDOW * CALL_WINDOW.total_seconds(),
        floor_is="5 calls / 10 s",
        limit=LIMIT,
        broken=f"{len(writes)} writes to Graph" if len(writes) > most else "",
    )


async def _post(tenant: Tenant, first: int) -> None:
    connection = tenant.servicebus.connection_string
    async with (
        ServiceBusClient.from_connection_string(connection) as client,
        client.get_queue_sender(ONBOARDING_EVENTS) as sender,
    ):
        batch = await sender.create_message_batch()
        for number in range(first, first + EVENTS):
            batch.add_message(ServiceBusMessage(_event(number)))
        await sender.send_messages(batch)


def _event(number: int) -> str:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"hire-{number}",
            "source": "/hr",
            "type": "hasten.user.onboard.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": {
                "target": "TOTAL",
                "users": [{"employeeId": f"E{number:05}"}],
                "group": {"id": TOTAL_ENGINEERING},
            },
        }
    )
