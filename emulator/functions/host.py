"""Puts the host together and runs it until it is told to stop."""

import asyncio
import logging
import os
from pathlib import Path

from starlette.applications import Starlette

from emulator.functions import options
from emulator.functions.admin import admin_routes
from emulator.functions.app import HTTP, SERVICE_BUS, TIMER, load
from emulator.functions.http import http_route
from emulator.functions.invocations import Invocations
from emulator.functions.service_bus import ServiceBusTrigger
from emulator.functions.timers import Timers
from emulator.graph.serving import HttpServer

logger = logging.getLogger("functions.host")

KEY = "EMULATOR_FUNCTION_KEY"
"""The setting with the key of functions that ask for one."""


class Host:
    """Raises LoadError when the app cannot be indexed."""

    def __init__(self, directory: Path, port: int) -> None:
        configured = options.read(directory / "host.json")
        functions = load(directory)
        self._state = "Initializing"
        self._invocations = Invocations()
        self._timers = Timers((f for f in functions if f.kind == TIMER), self._invocations)
        self._triggers = [
            ServiceBusTrigger(f, configured) for f in functions if f.kind == SERVICE_BUS
        ]
        http = [
            http_route(
                function,
                prefix=configured.route_prefix,
                key=os.environ.get(KEY, ""),
                invocations=self._invocations,
                is_stopping=lambda: self._state == "Stopping",
            )
            for function in functions
            if function.kind == HTTP
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
        """Serves HTTP when it returns. Raises OSError when the port is taken."""
        await self._server.start()

    async def run(self, stopped: asyncio.Event) -> None:
        """Runs the other triggers until `stopped`, then lets what is under way end."""
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

    async def _run_triggers(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._timers.run())
            for trigger in self._triggers:
                tasks.create_task(trigger.run())
            for trigger in self._triggers:
                await trigger.ready.wait()
            self._state = "Running"
            logger.info("running on port %s", self.port)
            await asyncio.Event().wait()  # until cancelled, even when the app has only HTTP
