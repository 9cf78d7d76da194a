"""Where a process of the app begins: settings, targets and ports, and what the webhook needs.

The webhook must answer at once on a cold start. What stands behind the queues and the timers is
loaded with the first message or tick: in Azure each function runs in processes of its own.
"""

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hasten import settings, targets
from hasten.adapters import telemetry
from hasten.adapters.azure import AzurePorts, managed_identity
from hasten.backoff import backoff
from hasten.ports.ports import Ports
from hasten.retry import Retrying
from hasten.settings import Settings
from hasten.targets import Target
from hasten.watch.webhook import Receiving

if TYPE_CHECKING:
    from hasten.wiring import Workers


@lru_cache(maxsize=1)
def app() -> "App":
    """Raises PermanentError that names the first bad setting or the bad line of targets.yaml."""
    telemetry.quieten()
    loaded = settings.load(os.environ)
    ports = AzurePorts(loaded, managed_identity)
    return App(loaded, targets.load(Path(loaded.targets_file)), ports)


class App:
    """One process."""

    def __init__(self, settings: Settings, targets: tuple[Target, ...], ports: Ports) -> None:
        self._settings = settings
        self._targets = targets
        self._ports = ports

    @cached_property
    def receiving(self) -> Receiving:
        return Receiving(
            store=self._ports.store,
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            tenant=self._settings.tenant,
            is_ours=self._settings.is_our_client_state,
        )

    @cached_property
    def retrying(self) -> Retrying:
        return Retrying(
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
            backoff=backoff(self._ports.jitter),
        )

    @cached_property
    def workers(self) -> "Workers":
        # Loaded here alone: it takes as long as all else together.
        from hasten.wiring import Workers  # noqa: PLC0415

        return Workers(self._settings, self._targets, self._ports)
