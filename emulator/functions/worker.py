"""The process in which the functions run, and how the platform ends it: without a last word."""

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
    """`command` are the arguments of Python that start a process to take this one's place."""

    def __init__(self, command: Callable[[], Iterable[str]]) -> None:
        self._command = command

    def kill(self, reason: str) -> NoReturn:
        """Ends the process as SIGKILL does: no function sees it, no lock is given back."""
        logger.error("%s: the process is killed", reason)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("a killed process does not go on")

    def replace(self, reason: str) -> NoReturn:
        """The same, but a new process goes on under the same process id and port."""
        logger.error("%s: the worker process ends and another takes its place", reason)
        os.execv(sys.executable, [sys.executable, *self._command()])  # noqa: S606 - no shell meant


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """`functionTimeout`. `exceeded` gets the reason."""

    limit: timedelta
    exceeded: Callable[[str], object]

    @contextmanager
    def watching(self, function: str) -> Iterator[None]:
        """Until the block ends."""
        alarm = asyncio.get_running_loop().call_later(
            self.limit.total_seconds(),
            self.exceeded,
            f"{function} ran for {self.limit} (functionTimeout)",
        )
        try:
            yield
        finally:
            alarm.cancel()
