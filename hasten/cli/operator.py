"""What a command works with: the app's own context, under the identity of the operator."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential

from hasten import settings, targets
from hasten.adapters.azure import AzurePorts, managed_identity
from hasten.cli.environment import IDENTITY, identity
from hasten.clouds import PUBLIC, cloud_of
from hasten.context import Context
from hasten.doctor.examination import Doctor, Progress
from hasten.ports.dead_letters import ParkedMessages
from hasten.ports.telemetry import Event
from hasten.settings import Settings
from hasten.targets import Target, TargetsFile


class Operator:
    """The context of the app, and what the command line alone reaches."""

    def __init__(self, settings: Settings, file: TargetsFile, ports: AzurePorts) -> None:
        self.context = Context(settings, file.targets, ports, limit_scope=file.limit_scope)
        self._ports = ports

    @property
    def parked_messages(self) -> ParkedMessages:
        return self._ports.parked_messages

    def target(self, name: str) -> Target | None:
        return self.context.targets.get(name)

    @property
    def all_targets(self) -> tuple[Target, ...]:
        return tuple(self.context.targets.values())

    def doctor(self, tell: Progress) -> Doctor:
        """`tell` hears of each check as it begins."""
        return Doctor(self.context, self._ports.probes, tell)


@asynccontextmanager
async def opened(values: Mapping[str, str]) -> AsyncIterator[Operator]:
    """Raises PermanentError that names the first bad setting or the bad line of targets.yaml."""
    loaded = settings.load(values, needs_secret=False)
    file = targets.load(Path(loaded.targets_file))
    has_identity = IDENTITY[0] in values
    with identity(values), _silent():
        ports = AzurePorts(loaded, managed_identity if has_identity else _whoever_it_is, _untold)
        try:
            yield Operator(loaded, file, ports)
        finally:
            await ports.close()


def _whoever_it_is(settings: Settings) -> AsyncTokenCredential:
    """The operator, as signed in to the Azure CLI or as the environment says."""
    cloud = cloud_of(str(settings.graph_url))
    # In the public cloud AZURE_AUTHORITY_HOST may name another authority.
    return (
        DefaultAzureCredential()
        if cloud == PUBLIC
        else DefaultAzureCredential(authority=cloud.authority)
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Libraries log what the command tells in its own words, or in far more of them."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _untold(_: Event) -> None:
    """Commands print what they do; log and metrics are the app's."""
