"""The one composition root: which adapter stands behind which port.

Everything is made on first use. The webhook must answer at once on a cold start, so what it needs
loads no Graph SDK.
"""

import os
import random
import uuid
from functools import cached_property, lru_cache
from pathlib import Path

from azure.identity.aio import ManagedIdentityCredential

from hasten import settings, targets
from hasten.adapters import telemetry
from hasten.adapters.servicebus import service_bus
from hasten.adapters.store.url import open_store
from hasten.ports.bus import Bus
from hasten.ports.clock import utc_now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.services.backoff import backoff
from hasten.services.drain import Draining
from hasten.services.ledger import Ledger
from hasten.services.look import Looking
from hasten.services.receive import Receiving
from hasten.services.retrying import Retrying
from hasten.services.schedules import Schedules
from hasten.services.subscriptions import Subscribing
from hasten.services.watch import Watching
from hasten.settings import Settings
from hasten.targets import Target


@lru_cache(maxsize=1)
def app() -> "App":
    """Raises PermanentError that names the first bad setting or the bad line of targets.yaml."""
    telemetry.quieten()
    loaded = settings.load(os.environ)
    return App(loaded, targets.load(Path(loaded.targets_file)))


def new_id() -> str:
    return uuid.uuid4().hex


class App:
    """The services of one process."""

    def __init__(self, settings: Settings, targets: tuple[Target, ...]) -> None:
        self._settings = settings
        self._targets = targets
        self._emit = telemetry.log
        self._backoff = backoff(random.SystemRandom().random)

    @cached_property
    def receiving(self) -> Receiving:
        return Receiving(
            store=self._store,
            bus=self._bus,
            emit=self._emit,
            now=utc_now,
            tenant=self._settings.tenant,
            is_ours=self._settings.is_our_client_state,
        )

    @cached_property
    def looking(self) -> Looking:
        return Looking(
            directory=self._directory,
            store=self._store,
            ledger=self._ledger,
            bus=self._bus,
            emit=self._emit,
            now=utc_now,
            new_id=new_id,
        )

    @cached_property
    def draining(self) -> Draining:
        return Draining(
            directory=self._directory,
            store=self._store,
            ledger=self._ledger,
            bus=self._bus,
            watching=self._watching,
            targets={target.name: target for target in self._targets},
            emit=self._emit,
            now=utc_now,
            new_id=new_id,
            backoff=self._backoff,
        )

    @cached_property
    def schedules(self) -> Schedules:
        return Schedules(
            store=self._store,
            ledger=self._ledger,
            bus=self._bus,
            watching=self._watching,
            subscribing=Subscribing(
                directory=self._directory,
                store=self._store,
                bus=self._bus,
                emit=self._emit,
                now=utc_now,
                new_id=new_id,
                url=self._settings.notification_url,
                client_state=self._settings.client_state,
            ),
            emit=self._emit,
            now=utc_now,
            new_id=new_id,
        )

    @cached_property
    def retrying(self) -> Retrying:
        return Retrying(
            bus=self._bus, emit=self._emit, now=utc_now, new_id=new_id, backoff=self._backoff
        )

    @cached_property
    def _watching(self) -> Watching:
        return Watching(
            directory=self._directory,
            store=self._store,
            targets=self._targets,
            emit=self._emit,
            now=utc_now,
        )

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self._store)

    @cached_property
    def _credential(self) -> ManagedIdentityCredential:
        client_id = self._settings.identity_client_id
        return (
            ManagedIdentityCredential(client_id=client_id)
            if client_id
            else (ManagedIdentityCredential())
        )

    @cached_property
    def _store(self) -> Store:
        return open_store(self._settings.store, credential=self._credential)

    @cached_property
    def _bus(self) -> Bus:
        secret = self._settings.service_bus
        return service_bus(
            connection_string=secret.get_secret_value() if secret else None,
            namespace=self._settings.service_bus_namespace,
            credential=self._credential,
        )

    @cached_property
    def _directory(self) -> Directory:
        # Loaded here alone: the SDK takes half a second, which a cold webhook does not have.
        import httpx  # noqa: PLC0415

        from hasten.adapters.graph.directory import GraphDirectory  # noqa: PLC0415

        return GraphDirectory(
            str(self._settings.graph_url), self._credential, httpx.AsyncHTTPTransport()
        )
