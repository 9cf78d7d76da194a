"""Measures how long the webhook's event loop is busy with the worst bodies that a stranger can
post."""

import asyncio
import json
import time

from benchmarks.row import Row
from hasten.limits import MAX_NOTIFICATION_BYTES, MAX_NOTIFICATIONS
from hasten.settings import load
from hasten.watch.webhook import Receiving
from tests.fakes.bus import FakeBus
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now

MOST_SECONDS = 0.2

SETTINGS = {
    "HASTEN_TENANT_ID": "0000dddd-0000-4000-8000-000000000001",
    "HASTEN_CLIENT_STATE_SECRET": "0" * 32,
    "HASTEN_CLIENT_STATE_SECRET_PREVIOUS": "1" * 32,
    "HASTEN_PUBLIC_URL": "https://contoso.azurewebsites.net",
    "HASTEN_STORE": "sqlite:///unused",
    "ServiceBusConnection": "Endpoint=sb://127.0.0.1",
}


def row() -> Row:
    settings = load(SETTINGS)
    events = list[object]()
    receiving = Receiving(
        store=MemoryStore(),
        bus=FakeBus(),
        emit=events.append,
        now=now,
        tenant=settings.tenant,
        is_ours=settings.client_state_check(),
    )
    spent = {what: _seconds(receiving, body) for what, body in _bodies().items()}
    worst = max(spent, key=lambda what: spent[what])
    return Row(
        what=f"webhook, 1 MiB from a stranger: {worst}",
        measured=spent[worst],
        floor=MOST_SECONDS,
        floor_is="0.2 s of the event loop",
        limit=1.0,
        broken="" if len(events) == len(spent) else "a body was not counted",
    )


def _bodies() -> dict[str, bytes]:
    """Returns bodies of maximum size: one with as many items as Hasten reads, one with as many as
    fit."""
    empty = json.dumps({"clientState": "", "tenantId": ""})
    room = MAX_NOTIFICATION_BYTES // MAX_NOTIFICATIONS - len(empty) - 2
    long = json.dumps({"clientState": "0" * room, "tenantId": ""})
    tiny = '{"clientState":""}'
    return {
        "long items": _body(long, MAX_NOTIFICATIONS),
        "tiny items": _body(tiny, MAX_NOTIFICATION_BYTES // (len(tiny) + 1) - 1),
    }


def _body(item: str, count: int) -> bytes:
    return f'{{"value":[{",".join([item] * count)}]}}'.encode()


def _seconds(receiving: Receiving, body: bytes) -> float:
    assert len(body) <= MAX_NOTIFICATION_BYTES
    started = time.thread_time()
    asyncio.run(receiving.receive(body))
    return time.thread_time() - started
