"""Timer triggers: NCRONTAB schedules in UTC; a timer never overlaps itself."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from croniter import croniter

from emulator.functions import decoding
from emulator.functions.app import Function, expanded

logger = logging.getLogger("functions.timers")

LATE = timedelta(seconds=1)


class Timers:
    def __init__(self, functions: Sequence[Function]) -> None:
        self._functions = {f.name: f for f in functions if f.kind == "timerTrigger"}
        self._turns = {name: asyncio.Lock() for name in self._functions}

    def start(self, tasks: asyncio.TaskGroup) -> None:
        for name in self._functions:
            tasks.create_task(self._keep(name))

    def fire(self, name: str) -> asyncio.Task[str]:
        """Runs the timer now, after the run under way if there is one; the error or ""."""
        return asyncio.create_task(self._run(name, past_due=False))

    async def _keep(self, name: str) -> None:
        trigger = self._functions[name].trigger
        schedule = expanded(str(trigger["schedule"]))
        if trigger.get("runOnStartup"):
            await self._run(name, past_due=False)
        while True:
            due: datetime = croniter(
                schedule, datetime.now(UTC), ret_type=datetime, second_at_beginning=True
            ).get_next()
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            await self._run(name, past_due=datetime.now(UTC) - due > LATE)

    async def _run(self, name: str, *, past_due: bool) -> str:
        async with self._turns[name]:
            try:
                await self._functions[name].run(decoding.timer(past_due=past_due))
            except Exception as error:
                logger.exception("%s failed", name)
                return f"{type(error).__name__}: {error}"
            return ""
