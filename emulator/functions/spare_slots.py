"""Starts the slots of a Service Bus trigger as messages come. Each slot has a link of its own, and
to open one takes the host and Service Bus milliseconds of processor time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

SPARE = 4
"""Slots that wait for messages, beside those that run one, so that a message rarely waits for a
link to open."""


class SpareSlots:
    """`start` starts the slot of a number, which counts from 1 to `most`. Slots stay."""

    def __init__(self, most: int, start: Callable[[int], object]) -> None:
        self._most = most
        self._start = start
        self._started = 0
        self._busy = 0

    def keep(self) -> None:
        """Starts slots until SPARE wait, or until there are `most`."""
        while self._started < min(self._most, self._busy + SPARE):
            self._started += 1
            self._start(self._started)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Counts one slot as busy within the block."""
        self._busy += 1
        self.keep()
        try:
            yield
        finally:
            self._busy -= 1
