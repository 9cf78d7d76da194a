"""Opens links side by side: one alone takes the SDK half a second, and as long to close."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from azure.servicebus.aio import ServiceBusReceiver, ServiceBusSender

First = TypeVar("First", ServiceBusSender, ServiceBusReceiver)
Second = TypeVar("Second", ServiceBusSender, ServiceBusReceiver)


@asynccontextmanager
async def both(first: First, second: Second) -> AsyncIterator[tuple[First, Second]]:
    await asyncio.gather(first.__aenter__(), second.__aenter__())
    try:
        yield first, second
    finally:
        await asyncio.gather(first.close(), second.close())
