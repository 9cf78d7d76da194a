"""Runs collected tests, and work in processes of its own."""

import os
import resource
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest

MOST_MEMORY = 4 << 30
FAULT = 70

Work = Callable[[], int]
"""Returns the exit code of its process."""
Start = tuple[int, Work]


def run(
    items: list[pytest.Item],
    *,
    before_each: Callable[[pytest.Item], object],
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Runs the tests one after another until `stop`."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        before_each(item)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if stop():
            return


def allow(seconds: float) -> None:
    """Lets a signal end this process if it takes much longer than expected from now on."""
    signal.setitimer(signal.ITIMER_PROF, 5 + 20 * seconds)
    signal.setitimer(signal.ITIMER_REAL, 120 + 20 * seconds)


def ended(starts: Iterable[Start], workers: int) -> Iterator[tuple[int, int]]:
    """Starts each work in a process that has a copy of this one, at most `workers` at a time.
    Yields its number and the exit code, which is negative if a signal ended the process."""
    running: dict[int, int] = {}
    waiting = iter(starts)
    while True:
        while len(running) < workers and (following := next(waiting, None)):
            number, work = following
            running[_forked(work)] = number
        if not running:
            return
        child, status = os.wait()
        if child in running:
            with suppress(ProcessLookupError):  # nothing is left of what the tests started
                os.killpg(child, signal.SIGKILL)
            yield running.pop(child), os.waitstatus_to_exitcode(status)


def _forked(work: Work) -> int:
    if child := os.fork():
        return child
    code = FAULT
    errors = os.dup(2)
    try:
        os.setpgid(0, 0)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        code = work()
    except BaseException:
        os.write(errors, traceback.format_exc().encode())
        raise
    finally:
        os._exit(code)
