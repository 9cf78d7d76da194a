"""Bounds the work for one input: CPU time, relative to that for a harmless input of the same size.
A factor holds on any machine, and while other processes run."""

import time
from collections.abc import Callable
from functools import cache

from tests.fuzz.decoders import DECODERS

MAX_BYTES = 64 * 1024
"""Size of the largest input."""

FACTOR = 10
LEAST = 0.05
"""Seconds that any input may take, because the harmless ones of some decoders take microseconds."""

REPEATS = 3
"""A measurement counts the shortest of so many, so that a pause of the machine is none."""


class TooSlowError(Exception):
    """An input took longer than its decoder allows."""


def checked(name: str, data: bytes) -> bool:
    """Returns whether the decoder takes the input. Raises TooSlowError, and each error that the
    decoder may not raise."""
    decoder, limit = DECODERS[name], most_seconds(name)
    began = time.thread_time()
    taken = decoder.takes(data)
    if time.thread_time() - began > limit:
        spent = _seconds(lambda: decoder.takes(data))
        if spent > limit:
            raise TooSlowError(f"{name}: {len(data)} bytes took {spent:.3f} s of {limit:.3f} s")
    return taken


@cache
def most_seconds(name: str) -> float:
    """Returns the seconds that an input of the decoder may take."""
    usual = harmless(name)
    return max(LEAST, FACTOR * _seconds(lambda: DECODERS[name].takes(usual)))


@cache
def harmless(name: str) -> bytes:
    """Returns the largest harmless input of at most MAX_BYTES. The decoder takes it."""
    usual = DECODERS[name].usual
    few, many = len(usual(50)), len(usual(100))
    count = 50 + (MAX_BYTES - few) * 50 // max(1, many - few)
    while len(usual(count)) > MAX_BYTES:
        count -= max(1, count // 50)
    return usual(count)


def _seconds(run: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        began = time.thread_time()
        run()
        spent.append(time.thread_time() - began)
    return min(spent)
