"""Queues and what is taken from them, for the tests of the queue's semantics."""

import uuid
from typing import Any

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import Entry
from emulator.servicebus.queue import Queue, make_queue

LOCK = 30.0


def a_queue(**settings: Any) -> tuple[Queue, Queue]:
    defaults: dict[str, Any] = {"name": "q", "lock_duration": LOCK, "max_delivery_count": 3}
    return make_queue(QueueSettings(**(defaults | settings)))


def bodies(entries: list[Entry]) -> list[object]:
    return [entry.post.content for entry in entries]


def take_all(queue: Queue, *, now: float) -> list[Entry]:
    return list(iter(lambda: queue.take(now=now), None))


def take(queue: Queue, *, now: float) -> tuple[Entry, uuid.UUID]:
    entry = queue.take(now=now)
    assert entry is not None
    assert entry.lock is not None
    return entry, entry.lock.token
