"""Whose task is whose: a killed host loses all of its own tasks, and none of the world's."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_OWNER: ContextVar["Owner"] = ContextVar("owner")


class Owner:
    """Owns the tasks it spawns and whatever those spawn."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}

    @staticmethod
    def current() -> "Owner | None":
        """Of the running task."""
        return _OWNER.get(None)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        context = Context()
        context.run(_OWNER.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    def own(self, task: asyncio.Task[Any]) -> None:
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    def cancel(self) -> None:
        """All of them, at their next await."""
        for task in tuple(self._tasks):
            task.cancel()


def keep_books(loop: asyncio.AbstractEventLoop) -> None:
    """From now on every task of the loop knows its owner."""
    loop.set_task_factory(_made)


def _made(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
    context: Context | None = options.get("context")
    owner = context.get(_OWNER) if context is not None else _OWNER.get(None)
    task = asyncio.Task(work, loop=loop, **options)
    if owner is not None:
        owner.own(task)
    return task
