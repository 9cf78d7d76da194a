"""Works on many items at the same time, and not on all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def side_by_side(
    work: Callable[[T], Awaitable[R]], items: Iterable[T], at_once: int
) -> list[R]:
    """Returns the results of `work` in the order of the items, at most `at_once` at a time. Raises
    the first exception of `work`; the other items go on."""
    slots = asyncio.Semaphore(at_once)

    async def one(item: T) -> R:
        async with slots:
            return await work(item)

    return await asyncio.gather(*map(one, items))
