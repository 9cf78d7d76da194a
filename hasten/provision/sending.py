"""Sends the outcomes of rows that have ended beside the calls that go on: no listener may hold up a
revocation."""

import asyncio
from dataclasses import dataclass

from hasten.errors import TemporaryError
from hasten.provision.state import Drain


@dataclass(slots=True)
class Sending:
    """After an error the drain sends the outcomes at its end."""

    drain: Drain
    _task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Sends what there is, unless a sending is under way or has failed."""
        if self.drain.unsent.documents and self._went_well():
            self._task = asyncio.create_task(self.drain.send_outcomes())

    async def finish(self) -> None:
        """Waits for the sending. Raises a bug, but no TemporaryError."""
        if self._task is not None:
            await asyncio.wait([self._task])
            error = self._task.exception()
            if error is not None and not isinstance(error, TemporaryError):
                raise error

    def _went_well(self) -> bool:
        return self._task is None or (self._task.done() and self._task.exception() is None)
