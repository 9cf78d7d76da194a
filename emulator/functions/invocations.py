"""Counts the running functions, and waits for them when the host stops."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")

STOP_TIMEOUT_SECONDS = 10.0
"""Seconds that functions have to end once the host stops."""


class Invocations:
    """The running functions. Leaving the block waits for them. Functions that outlive
    STOP_TIMEOUT_SECONDS are cancelled, or passed to `on_late`, which gets their number.

    A task started here outlives its caller: wait with `asyncio.shield`.
    """

    def __init__(
        self,
        patience: float = STOP_TIMEOUT_SECONDS,
        *,
        on_late: Callable[[int], object] | None = None,
    ) -> None:
        self._patience = patience
        self._on_late = on_late
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=self._patience)
        if late and self._on_late is not None:
            self._on_late(len(late))
        for task in late:
            task.cancel()
