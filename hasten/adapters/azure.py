"""Implements all ports on Azure, each created on first use. The webhook must answer at once on a
cold start, so what it needs does not load the Graph SDK."""

import random
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from azure.core.credentials_async import AsyncTokenCredential
from azure.servicebus.aio import ServiceBusClient

from hasten.adapters import telemetry
from hasten.adapters.servicebus import AzureServiceBus, service_bus
from hasten.adapters.store.url import open_store
from hasten.ports.bus import Bus
from hasten.ports.clock import utc_now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit
from hasten.scim import Scim
from hasten.settings import Settings

if TYPE_CHECKING:
    from hasten.adapters.scim.application import ScimApplication
    from hasten.ports.application import Application
    from hasten.ports.dead_letters import ParkedMessages
    from hasten.ports.directory import Directory
    from hasten.ports.notifier import Notifier
    from hasten.ports.probes import Probes
    from hasten.ports.receiver import Receiver
    from hasten.ports.sign_in import SignIn

Credential = Callable[[Settings], AsyncTokenCredential]
"""Creates the identity that all ports use."""


def new_id() -> str:
    return uuid.uuid4().hex


def managed_identity(settings: Settings) -> AsyncTokenCredential:
    """Returns the app's managed identity."""
    # Imported here because with connection strings nothing needs a token before Graph does.
    from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415

    client_id = settings.identity_client_id
    return (
        ManagedIdentityCredential(client_id=str(client_id))
        if client_id
        else ManagedIdentityCredential()
    )


class AzurePorts:
    def __init__(
        self, settings: Settings, credential: Credential, emit: Emit = telemetry.emit
    ) -> None:
        self._settings = settings
        self._make_credential = credential
        self.now = utc_now
        self.new_id = new_id
        self.jitter = random.SystemRandom().random
        self.emit = emit
        self._applications: dict[Scim, ScimApplication] = {}

    def open(self) -> None:
        """Returns the ports that every function needs. Raises PermanentError that names a bad
        setting."""
        _ = self.store, self.bus

    @cached_property
    def store(self) -> Store:
        return open_store(self._settings.store, credential=lambda: self._credential)

    @cached_property
    def bus(self) -> Bus:
        return AzureServiceBus(self._service_bus)

    @cached_property
    def receiver(self) -> "Receiver":
        # Imported here because the webhook does not need it.
        from hasten.adapters.receiver import AzureReceiver  # noqa: PLC0415

        return AzureReceiver(self._service_bus)

    @cached_property
    def parked_messages(self) -> "ParkedMessages":
        # Imported here because only the command line and the API use it.
        from hasten.adapters.dead_letters import AzureParkedMessages  # noqa: PLC0415

        return AzureParkedMessages(self._service_bus)

    @cached_property
    def probes(self) -> "Probes":
        # Imported here because only the command line uses it.
        from hasten.adapters.probes import AzureProbes  # noqa: PLC0415

        return AzureProbes(
            str(self._settings.graph_url), self._credential, self._service_bus, self.now
        )

    @cached_property
    def _service_bus(self) -> ServiceBusClient:
        secret = self._settings.service_bus
        return service_bus(
            connection_string=secret.get_secret_value() if secret else None,
            namespace=self._settings.service_bus_namespace,
            credential=lambda: self._credential,
        )

    @cached_property
    def directory(self) -> "Directory":
        # Imported here because the SDK takes half a second to load, which a cold webhook does not
        # have.
        import httpx  # noqa: PLC0415

        from hasten.adapters.graph.directory import GraphDirectory  # noqa: PLC0415

        return GraphDirectory(
            str(self._settings.graph_url), self._credential, httpx.AsyncHTTPTransport()
        )

    @cached_property
    def notifier(self) -> "Notifier":
        # Imported here because only one timer uses it.
        import httpx  # noqa: PLC0415

        from hasten.adapters.notify.notifier import PeopleNotifier  # noqa: PLC0415

        return PeopleNotifier(self._settings, httpx.AsyncHTTPTransport())

    @cached_property
    def sign_in(self) -> "SignIn":
        # Imported here because only the API and the pages use it.
        import httpx  # noqa: PLC0415

        from hasten.adapters.sign_in import EntraSignIn  # noqa: PLC0415

        settings = self._settings
        return EntraSignIn(
            settings.authority,
            str(settings.api_client_id),
            lambda: self._credential,
            httpx.AsyncHTTPTransport(),
        )

    def application(self, scim: Scim) -> "Application":
        token = self._settings.scim_token(scim.token)
        if scim not in self._applications:
            import httpx  # noqa: PLC0415 - as above

            from hasten.adapters.scim.application import ScimApplication  # noqa: PLC0415

            self._applications[scim] = ScimApplication(scim, token, httpx.AsyncHTTPTransport())
        return self._applications[scim]

    async def signed_in(self) -> str:
        """Returns the object id that the token of this process names, "" if there is none."""
        # Imported here because only the command line uses it.
        from hasten.adapters.token import object_id_of  # noqa: PLC0415

        return await object_id_of(self._credential, str(self._settings.graph_url))

    async def close(self) -> None:
        """Closes the ports that were created."""
        for application in self._applications.values():
            await application.close()
        for name in ("directory", "sign_in", "notifier", "_service_bus", "store", "_credential"):
            if name in self.__dict__:
                await getattr(self, name).close()

    @cached_property
    def _credential(self) -> AsyncTokenCredential:
        return self._make_credential(self._settings)
