"""Builds the host and runs it until it is stopped."""

import asyncio
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from starlette.applications import Starlette

from emulator.functions import options
from emulator.functions.admin import admin_routes
from emulator.functions.app import HTTP, SERVICE_BUS, TIMER, load
from emulator.functions.behaviours import HostBehaviours
from emulator.functions.conditions import Conditions
from emulator.functions.http import http_routes
from emulator.functions.invocations import Invocations
from emulator.functions.options import HostOptions
from emulator.functions.service_bus import ServiceBusTrigger
from emulator.functions.timers import Timers
from emulator.functions.worker import TimeLimit, Worker
from emulator.graph.serving import HttpServer

logger = logging.getLogger("functions.host")

KEY = "EMULATOR_FUNCTION_KEY"
"""The setting with the key of functions that require one."""


class Host:
    """The host. Raises LoadError if the app cannot be indexed. `random` decides which slots
    stall."""

    def __init__(
        self,
        directory: Path,
        port: int,
        *,
        behaviours: HostBehaviours,
        worker: Worker,
        random: Random,
        patience: float,
    ) -> None:
        configured = options.read(directory / "host.json")
        functions = load(directory, _time_limit(configured, behaviours, worker))
        self._state = "Initializing"
        invocations = partial(Invocations, patience, on_late=_killer(behaviours, worker))
        self._invocations = invocations()
        self._timers = Timers((f for f in functions if f.kind == TIMER), self._invocations)
        self._triggers = [
            ServiceBusTrigger(
                function,
                configured,
                conditions=Conditions(behaviours, random, self._is_stopping),
                invocations=invocations,
            )
            for function in functions
            if function.kind == SERVICE_BUS and not function.is_disabled
        ]
        http = [
            route
            for function in functions
            if function.kind == HTTP
            for route in http_routes(
                function,
                prefix=configured.route_prefix,
                key=os.environ.get(KEY, ""),
                invocations=self._invocations,
                is_stopping=self._is_stopping,
            )
        ]
        admin = admin_routes(
            {function.name: function for function in functions},
            timers=self._timers,
            invocations=self._invocations,
            state=lambda: self._state,
        )
        self._server = HttpServer(Starlette(routes=[*admin, *http]), port=port)

    @property
    def port(self) -> int:
        return self._server.port

    async def start(self) -> None:
        """Starts HTTP, which is served when this returns. Raises OSError if the port is taken."""
        await self._server.start()

    async def run(self, stopped: asyncio.Event) -> None:
        """Runs the other triggers until `stopped`, then waits for running functions."""
        triggers = asyncio.create_task(self._run_triggers())
        stopping = asyncio.create_task(stopped.wait())
        async with self._invocations:
            await asyncio.wait({triggers, stopping}, return_when=asyncio.FIRST_COMPLETED)
            self._state = "Stopping"
            triggers.cancel()
            stopping.cancel()
        await asyncio.wait({triggers, stopping})
        await self._server.stop()
        if not triggers.cancelled():
            triggers.result()

    def _is_stopping(self) -> bool:
        return self._state == "Stopping"

    async def _run_triggers(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._timers.run())
            for trigger in self._triggers:
                tasks.create_task(trigger.run())
            for trigger in self._triggers:
                await trigger.ready.wait()
            self._state = "Running"
            logger.info("running on port %s", self.port)
            await asyncio.Event().wait()  # until cancelled, even if the app has only HTTP


def _time_limit(
    configured: HostOptions, behaviours: HostBehaviours, worker: Worker
) -> TimeLimit | None:
    if configured.function_timeout is None or not behaviours.enforce_timeout:
        return None
    return TimeLimit(configured.function_timeout, worker.replace)


def _killer(behaviours: HostBehaviours, worker: Worker) -> Callable[[int], object] | None:
    if not behaviours.kill_on_stop:
        return None
    return lambda late: worker.kill(f"{late} functions outlived the stop")
