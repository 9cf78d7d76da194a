"""Builds the context of a command: that of the app, under the identity of the operator."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential

from hasten import settings, targets_file
from hasten.adapters.azure import AzurePorts, managed_identity
from hasten.cli.environment import IDENTITY, identity
from hasten.cli.identity import who
from hasten.clouds import PUBLIC, cloud_of
from hasten.context import Context
from hasten.doctor.examination import Doctor, Progress
from hasten.ports.telemetry import Event
from hasten.settings import Settings
from hasten.targets_file import TargetsFile


class Operator:
    """The context of the app, and the ports that only the command line uses."""

    def __init__(self, settings: Settings, file: TargetsFile, ports: AzurePorts) -> None:
        self.context = Context.of(settings, file, ports)
        self._ports = ports

    async def who(self) -> str:
        """Returns who runs the command, as the history names them."""
        return await who(self._ports.signed_in)

    def doctor(self, report: Progress) -> Doctor:
        """Returns the doctor, which calls `report` with the name of each check as the check
        starts."""
        return Doctor(self.context, self._ports.probes, report)


@asynccontextmanager
async def opened(values: Mapping[str, str]) -> AsyncIterator[Operator]:
    """Opens the context. Raises PermanentError that names the first wrong setting or the wrong line
    of targets.yaml."""
    loaded = settings.load(values, needs_secret=False)
    file = targets_file.load(Path(loaded.targets_file))
    has_identity = IDENTITY[0] in values
    with identity(values), _quiet_libraries():
        ports = AzurePorts(
            loaded, managed_identity if has_identity else _operator_credential, _ignore_event
        )
        try:
            yield Operator(loaded, file, ports)
        finally:
            await ports.close()


def _operator_credential(settings: Settings) -> AsyncTokenCredential:
    """Returns the credential of the operator, from the Azure CLI or from the environment."""
    cloud = cloud_of(str(settings.graph_url))
    # In the public cloud AZURE_AUTHORITY_HOST may name another authority.
    return (
        DefaultAzureCredential()
        if cloud == PUBLIC
        else DefaultAzureCredential(authority=cloud.authority)
    )


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Silences the logs of libraries, because the command prints the same facts in fewer words."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _ignore_event(_: Event) -> None:
    """Ignores the event. Commands print what they do; log and metrics belong to the app."""
