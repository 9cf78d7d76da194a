"""Runs timer triggers: NCRONTAB schedules in UTC; a timer never overlaps itself."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache

from croniter import croniter

from emulator.functions import decoding
from emulator.functions.app import Function
from emulator.functions.errors import LoadError
from emulator.functions.invocations import Invocations
from emulator.functions.settings import expanded

logger = logging.getLogger("functions.timers")

LATE = timedelta(seconds=1)
"""A run that begins later than this after its time is past due."""


def next_run(schedule: str, after: datetime) -> datetime:
    """Returns the time of the next run. `schedule` has six fields, or five without seconds."""
    found: datetime = _parsed(schedule).get_next(start_time=after)
    return found


@cache
def _parsed(schedule: str) -> croniter:
    """Returns the schedule, parsed once: that takes longer than to find the next run."""
    return croniter(schedule, ret_type=datetime, second_at_beginning=True)


class Timers:
    """The timers. Raises LoadError for a schedule that cannot be read."""

    def __init__(self, functions: Iterable[Function], invocations: Invocations) -> None:
        self._functions = {function.name: function for function in functions}
        self._schedules = {name: _schedule(f) for name, f in self._functions.items()}
        self._turns = {name: asyncio.Lock() for name in self._functions}
        self._invocations = invocations

    async def run(self) -> None:
        """Runs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name in self._functions:
                tasks.create_task(self._keep(name))

    async def run_now(self, name: str, *, past_due: bool = False) -> str:
        """Runs the timer, after its current run if there is one. Returns the error, or ""."""
        async with self._turns[name]:
            try:
                await self._functions[name].run(decoding.timer(past_due=past_due))
            except Exception as error:
                logger.exception("%s failed", name)
                return f"{type(error).__name__}: {error}"
            return ""

    async def _keep(self, name: str) -> None:
        if self._functions[name].trigger.get("runOnStartup"):
            await self._take_turn(name, past_due=False)
        while True:
            due = next_run(self._schedules[name], datetime.now(UTC))
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            await self._take_turn(name, past_due=datetime.now(UTC) - due > LATE)

    async def _take_turn(self, name: str, *, past_due: bool) -> None:
        await asyncio.shield(self._invocations.start(self.run_now(name, past_due=past_due)))


def _schedule(function: Function) -> str:
    schedule = expanded(str(function.trigger["schedule"]))
    if not croniter.is_valid(schedule, second_at_beginning=True):
        raise LoadError(f"{function.name}: its schedule is no NCRONTAB expression: {schedule}")
    return schedule
