"""Starts a Functions host in a process of its own: cold, as a command does, or warm."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
HOST = "emulator.functions"
PRELOADED = "tests.support.preloaded"

_FORKS = multiprocessing.get_context("forkserver")


class Process(Protocol):
    """What a test does with a process that it started."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """Returns the exit status, negative for a signal, once the process has ended."""
        ...

    def wait(self, timeout: float) -> int:
        """Returns the exit status. Raises an exception if the process runs on after `timeout`
        seconds."""
        ...

    def send_signal(self, number: signal.Signals) -> None: ...


Launch = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts a host with arguments and environment; it writes to the end of the log."""


def cold(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Starts a new Python, which imports all that it needs."""
    command = [sys.executable, "-m", HOST, *arguments]
    with log.open("ab") as file:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)


def warm(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Forks a Python that has imported Hasten and the host already. That takes two seconds of
    processor time, once for each process of the tests and not for each host."""
    _FORKS.set_forkserver_preload([PRELOADED])
    return _Forked(arguments, environment, log)


class _Forked:
    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        given = (tuple(arguments), dict(environment), log)
        self._process = _FORKS.Process(target=_run, args=given, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise TimeoutError(f"process {self.pid} runs on after {timeout} s")
        return status

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _run(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as file:
        for standard in (1, 2):
            os.dup2(file.fileno(), standard)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [HOST, *arguments]
    runpy.run_module(HOST, run_name="__main__", alter_sys=True)
