"""Builds one process from settings, targets and ports, with what the webhook needs.

The webhook must answer at once on a cold start. The flows behind the queues and the timers are
loaded with the first message or tick: in Azure each function runs in its own processes.
"""

import os
from collections.abc import Awaitable, Callable
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from hasten import settings, targets_file
from hasten.adapters import telemetry
from hasten.adapters.azure import AzurePorts, managed_identity
from hasten.ports.bus import Received
from hasten.ports.ports import Ports
from hasten.settings import Settings
from hasten.targets_file import TargetsFile
from hasten.watch.webhook import Receiving

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from hasten.context import Context


@lru_cache(maxsize=1)
def app() -> "App":
    """Returns the app of this process. Raises PermanentError that names the first bad setting or
    the bad line of targets.yaml. The cache keeps no failure: the next call reads both again."""
    telemetry.quieten()
    loaded = settings.load(os.environ)
    ports = AzurePorts(loaded, managed_identity)
    ports.open()
    file = targets_file.load(Path(loaded.targets_file))
    return App(loaded, file, ports)


class App:
    """One process of the app."""

    def __init__(self, settings: Settings, file: TargetsFile, ports: Ports) -> None:
        self._settings = settings
        self._file = file
        self._ports = ports

    @cached_property
    def receiving(self) -> Receiving:
        return Receiving(
            store=self._ports.store,
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            tenant=self._settings.tenant,
            is_ours=self._settings.client_state_check(),
        )

    @cached_property
    def flow(self) -> Callable[[Received], Awaitable[None]]:
        """Runs the flow for a message and returns when the message may be completed. Raises if
        Service Bus must deliver the message again."""
        from hasten.wiring import receive  # noqa: PLC0415 - slow to load

        return partial(receive, self._context)

    async def receive(self, received: Received) -> None:
        await self.flow(received)

    async def tick(self, timer: str) -> None:
        """Runs the work of a timer. Only a bug leaves this method as an exception."""
        from hasten.timers import run  # noqa: PLC0415 - slow to load

        await run(self._context, timer)

    @cached_property
    def api(self) -> "Starlette":
        from hasten.api.app import api  # noqa: PLC0415 - slow to load
        from hasten.api.routes import routes  # noqa: PLC0415 - the same

        return api(self._context, routes())

    @cached_property
    def page(self) -> "Starlette":
        from hasten.api import sign_in  # noqa: PLC0415 - slow to load
        from hasten.api.app import pages  # noqa: PLC0415 - the same
        from hasten.page.routes import routes  # noqa: PLC0415 - the same

        return pages(self._context, [*sign_in.routes(), *routes()])

    @cached_property
    def _context(self) -> "Context":
        from hasten.context import Context  # noqa: PLC0415 - slow to load

        return Context.of(self._settings, self._file, self._ports)
