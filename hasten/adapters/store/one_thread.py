"""Runs blocking work in one thread, in the order in which it was asked for.

Work that is asked for at the same moment goes to the thread together: to hand over a piece of work
and its result takes longer than most reads of a local file.
"""

import asyncio
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[], Any]
    ends: "Future[Any]"


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: Any = None
    error: Exception | None = None


class OneThread:
    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting: dict[AbstractEventLoop, list[_Job]] = {}

    async def run(self, work: Callable[[], T]) -> T:
        """Returns what `work` returns, and raises what it raises. Work whose caller was cancelled
        before it began is not done."""
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future())
        if loop not in self._waiting:
            self._waiting[loop] = []
            loop.call_soon(self._hand_over, loop)
        self._waiting[loop].append(job)
        result: T = await job.ends
        return result

    def close(self) -> None:
        self._thread.shutdown()

    def _hand_over(self, loop: AbstractEventLoop) -> None:
        jobs = self._waiting.pop(loop)
        try:
            done = loop.run_in_executor(self._thread, _run, jobs)
        except RuntimeError as error:  # the thread has ended
            _settle(jobs, [_Outcome(error=error)] * len(jobs))
        else:
            done.add_done_callback(partial(_done, jobs))


def _run(jobs: Sequence[_Job]) -> Sequence[_Outcome]:
    return [_Outcome() if job.ends.cancelled() else _outcome(job.work) for job in jobs]


def _outcome(work: Callable[[], Any]) -> _Outcome:
    try:
        return _Outcome(value=work())
    except Exception as error:  # noqa: BLE001 - `run` raises it in the caller
        return _Outcome(error=error)


def _done(jobs: Sequence[_Job], done: "Future[Sequence[_Outcome]]") -> None:
    if not done.cancelled():  # else the loop ends, and cancels the callers too
        _settle(jobs, done.result())


def _settle(jobs: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.ends.done():
            continue
        if outcome.error is not None:
            job.ends.set_exception(outcome.error)
        else:
            job.ends.set_result(outcome.value)
