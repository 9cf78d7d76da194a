"""Controls the process in which the functions run, and ends it without warning, as the platform
does."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

logger = logging.getLogger("functions.worker")


class Worker:
    """The process. `command` returns the arguments of Python that start a replacement."""

    def __init__(self, command: Callable[[], Iterable[str]]) -> None:
        self._command = command

    def kill(self, reason: str) -> NoReturn:
        """Ends the process like SIGKILL: no function sees it, and no lock is released."""
        logger.error("%s: the process is killed", reason)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a killed process does not go on")

    def replace(self, reason: str) -> NoReturn:
        """Ends the process in the same way, but a new process continues with the same process id
        and port."""
        logger.error("%s: the worker process ends and another takes its place", reason)
        os.execv(sys.executable, [sys.executable, *self._command()])  # noqa: S606 - no shell meant


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """The limit `functionTimeout`. `exceeded` gets the reason."""

    limit: timedelta
    exceeded: Callable[[str], object]

    @contextmanager
    def watching(self, function: str) -> Iterator[None]:
        """Watches the function until the block ends."""
        alarm = asyncio.get_running_loop().call_later(
            self.limit.total_seconds(),
            self.exceeded,
            f"{function} ran for {self.limit} (functionTimeout)",
        )
        try:
            yield
        finally:
            alarm.cancel()
