"""Puts the host together and runs it until it is told to stop."""

import asyncio
import logging
import os
from pathlib import Path

from emulator.functions import options
from emulator.functions.app import Json, load
from emulator.functions.http import application
from emulator.functions.service_bus import Listener
from emulator.functions.timers import Timers
from emulator.graph.serving import HttpServer

logger = logging.getLogger("functions.host")

KEY = "EMULATOR_FUNCTION_KEY"
"""The setting with the key of functions that ask for one."""


class Host:
    """Raises LoadError when the app cannot be indexed."""

    def __init__(self, directory: Path, port: int) -> None:
        functions = load(directory)
        configured = options.read(directory / "host.json")
        self._timers = Timers(functions)
        self._listeners = [
            Listener(f, configured) for f in functions if f.kind == "serviceBusTrigger"
        ]
        self._state = "Initializing"
        app = application(
            functions,
            prefix=configured.route_prefix,
            key=os.environ.get(KEY, ""),
            status=self._status,
            fire=self._timers.fire,
        )
        self._server = HttpServer(app, port=port)

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
        await asyncio.wait({triggers, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._state = "Stopping"
        for task in (triggers, stopping):
            task.cancel()
        await asyncio.wait({triggers, stopping})
        await self._server.stop()
        if not triggers.cancelled():
            triggers.result()

    async def _run_triggers(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            self._timers.start(tasks)
            for listener in self._listeners:
                listener.start(tasks)
            tasks.create_task(self._announce())

    async def _announce(self) -> None:
        for listener in self._listeners:
            await listener.ready.wait()
        self._state = "Running"
        logger.info("running on port %s", self.port)

    def _status(self) -> Json:
        return {"state": self._state}
