"""Sends the outcomes of ended rows while calls continue, so that publishing delays no
revocation."""

import asyncio
from dataclasses import dataclass

from hasten.errors import TemporaryError
from hasten.provision.state import Drain


@dataclass(slots=True)
class Sending:
    """Sends them beside the calls until a send fails; the drain then sends the rest at its end."""

    drain: Drain
    _task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Starts to send the outcomes, unless that is under way already or has failed before."""
        if self.drain.unsent.documents and self._went_well():
            self._task = asyncio.create_task(self.drain.send_outcomes())

    async def finish(self) -> None:
        """Waits until the outcomes are sent. Raises an unexpected exception, but no
        TemporaryError."""
        if self._task is not None:
            await asyncio.wait([self._task])
            error = self._task.exception()
            if error is not None and not isinstance(error, TemporaryError):
                raise error

    def _went_well(self) -> bool:
        return self._task is None or (self._task.done() and self._task.exception() is None)
