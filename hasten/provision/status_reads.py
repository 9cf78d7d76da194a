"""Reads during a drain whether people are still assigned to the target. A read that takes long
delays nobody else."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hasten.context import Context
from hasten.domain.changes import Change
from hasten.provision.removal_status import ReadError, RemovalStatus, read_status, sorted_out

PLAN_WAIT = timedelta(seconds=5)
"""Maximum time for which one plan waits for reads of Graph, which answers most within a second. A
read can take minutes, with its timeouts and its repetitions."""

Reading = asyncio.Task[RemovalStatus | ReadError]


@dataclass(slots=True)
class StatusReads:
    """The reads of one drain, by user. `has_answer` is True once a read has shown the status of
    anybody: then Graph has no outage."""

    context: Context
    has_answer: bool = False
    _tasks: dict[str, Reading] = field(default_factory=dict)

    @property
    def users(self) -> frozenset[str]:
        """The users whom a read under way is about."""
        return frozenset(user for user, task in self._tasks.items() if not task.done())

    async def status(
        self, service_principal: str, rows: Sequence[Change]
    ) -> tuple[Mapping[str, RemovalStatus], Mapping[str, ReadError]]:
        """Returns the status of the users of `rows` by user, and by user the error of each read
        that failed. Raises none of them. A read that is still under way after PLAN_WAIT goes on: a
        later call returns what it shows."""
        of_user: dict[str, list[Change]] = defaultdict(list)
        for row in rows:
            of_user[row.user].append(row)
        began: list[Reading] = []
        for user, own in of_user.items():
            task = self._tasks.get(user)
            if task is None or _is_outdated(task, own):
                self._tasks[user] = asyncio.create_task(self._read(service_principal, own[0]))
                began.append(self._tasks[user])
        if began:
            await asyncio.wait(began, timeout=PLAN_WAIT.total_seconds())
        ended = [user for user in of_user if self._tasks[user].done()]
        return sorted_out({user: self._tasks.pop(user).result() for user in ended})

    async def end(self) -> None:
        """Ends the reads that are under way. The next drain reads these users again."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    async def _read(self, service_principal: str, row: Change) -> RemovalStatus | ReadError:
        shown = await read_status(self.context, service_principal, row)
        self.has_answer = self.has_answer or isinstance(shown, RemovalStatus)
        return shown


def _is_outdated(task: Reading, rows: Sequence[Change]) -> bool:
    """Returns whether the read ended and had begun before one of the rows was found."""
    if not task.done():
        return False
    shown = task.result()
    return isinstance(shown, RemovalStatus) and any(row.found_at > shown.began for row in rows)
