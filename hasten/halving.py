"""Limits an unexpected exception to the part of a batch that causes it, by halving the batch."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from hasten.stray_end import no_stray_end

T = TypeVar("T")
R = TypeVar("R")


async def halved(
    batch: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
    alone: Callable[[T, Exception], Awaitable[None]],
    *,
    expected: tuple[type[Exception], ...],
) -> list[R]:
    """Returns the results of `work` on the batch, or on its halves if it raises. `alone` gets an
    item for which `work` raises even without the others, with the exception. Raises the `expected`
    exceptions of `work`, which say nothing about an item, and those of `alone`."""
    try:
        with no_stray_end():
            return [*await work(batch)]
    except expected:
        raise
    except Exception as error:
        if not batch:
            raise
        if len(batch) == 1:
            await alone(batch[0], error)
            return []
        middle = len(batch) // 2
        halves = (batch[:middle], batch[middle:])
        found = [await halved(half, work, alone, expected=expected) for half in halves]
        return [one for of_half in found for one in of_half]
