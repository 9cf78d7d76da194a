"""Combines concurrent sends: sends that wait while a transfer is under way share the next one.
Without it, each of N concurrent senders would wait for the round trips of all before it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_SHARED_BYTES = 64 * 1024
"""Maximum size of the sends that share a transfer. A larger send goes alone, so that no other send
fails with it if Service Bus rejects it for its size (256 KB, Standard tier)."""


@dataclass(eq=False, slots=True)
class _Parcel(Generic[T]):
    items: Sequence[T]
    size: int
    taken: asyncio.Future[None]


class Gathering(Generic[T]):
    """Runs `transfer` for one group of sends at a time. An error of a transfer reaches every send
    that shared it."""

    def __init__(self, transfer: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._transfer = transfer
        self._waiting: deque[_Parcel[T]] = deque()
        self._shared: Sequence[_Parcel[T]] = ()
        self._under_way: asyncio.Task[None] | None = None

    async def send(self, items: Sequence[T], size: int) -> None:
        """Returns once `items`, of `size` bytes, are transferred. Cancels the transfer when every
        send that shares it is cancelled."""
        parcel = _Parcel(items, size, asyncio.get_running_loop().create_future())
        self._waiting.append(parcel)
        if self._under_way is None:
            self._begin()
        try:
            await parcel.taken
        except asyncio.CancelledError:
            if self._under_way and all(parcel.taken.cancelled() for parcel in self._shared):
                self._under_way.cancel()
            raise

    def _begin(self) -> None:
        self._shared = self._next()
        if not self._shared:
            self._under_way = None
            return
        items = [item for parcel in self._shared for item in parcel.items]
        self._under_way = asyncio.create_task(_awaited(self._transfer(items)))
        self._under_way.add_done_callback(partial(self._end, self._shared))

    def _next(self) -> Sequence[_Parcel[T]]:
        """Returns the oldest live parcel and those behind it that may share its transfer."""
        parcels: list[_Parcel[T]] = []
        size = 0
        while self._waiting:
            parcel = self._waiting[0]
            if not parcel.taken.cancelled():
                size += parcel.size
                if parcels and size > MAX_SHARED_BYTES:
                    break
                parcels.append(parcel)
            self._waiting.popleft()
        return parcels

    def _end(self, parcels: Sequence[_Parcel[T]], task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        for parcel in parcels:
            if parcel.taken.done():
                continue  # its sender was cancelled
            if task.cancelled():
                parcel.taken.cancel()
            elif error is not None:
                parcel.taken.set_exception(error)
            else:
                parcel.taken.set_result(None)
        self._begin()


async def _awaited(work: Awaitable[None]) -> None:
    await work
