"""The functions under way: counted, and waited for when the host stops."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that functions have to end once the host stops."""


class Invocations:
    """To leave the block is to wait for what is under way; what outlives PATIENCE is cancelled.

    A task started here outlives whoever waits for it: wait with `asyncio.shield`.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._patience)
            for task in late:
                task.cancel()
