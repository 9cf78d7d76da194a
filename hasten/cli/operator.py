"""The services that only the command line has, beside those of the app."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from pathlib import Path

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential

from hasten import settings, targets
from hasten.adapters.azure import AzurePorts, managed_identity
from hasten.cli.environment import IDENTITY, identity
from hasten.doctor.examination import Doctor, Progress
from hasten.operate.explain import Explaining
from hasten.operate.release import Releasing
from hasten.operate.release_intents import ReleasingIntents
from hasten.operate.replay import Replaying
from hasten.operate.status import Standing
from hasten.ports.telemetry import Event
from hasten.records import subscriptions
from hasten.settings import Settings
from hasten.targets import Target
from hasten.wiring import Workers


class Operator(Workers):
    def __init__(self, settings: Settings, targets: tuple[Target, ...], ports: AzurePorts) -> None:
        super().__init__(settings, targets, ports)
        self._azure = ports

    def target(self, name: str) -> Target | None:
        return self._by_name.get(name)

    @property
    def all_targets(self) -> tuple[Target, ...]:
        return self._targets

    @cached_property
    def standing(self) -> Standing:
        return Standing(
            directory=self._ports.directory,
            store=self._ports.store,
            ledger=self._ledger,
            intents=self._intents,
            now=self._ports.now,
        )

    @cached_property
    def explaining(self) -> Explaining:
        return Explaining(
            directory=self._ports.directory,
            store=self._ports.store,
            ledger=self._ledger,
            intents=self._intents,
            now=self._ports.now,
        )

    @cached_property
    def releasing(self) -> Releasing:
        return Releasing(
            store=self._ports.store,
            ledger=self._ledger,
            outbox=self._outbox,
            bus=self._ports.bus,
            targets=self._by_name,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def releasing_intents(self) -> ReleasingIntents:
        return ReleasingIntents(
            intents=self._intents,
            outbox=self._outbox,
            bus=self._ports.bus,
            targets=self._by_name,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def replaying(self) -> Replaying:
        return Replaying(self._azure.shelf, self._ports.bus, self._ports.new_id)

    def doctor(self, tell: Progress) -> Doctor:
        """`tell` hears of each check as it begins."""
        return Doctor(
            directory=self._ports.directory,
            store=self._ports.store,
            probes=self._azure.probes,
            targets=self._targets,
            url=self._settings.notification_url,
            state=subscriptions.mark(self._settings.client_state),
            has_previous_secret=self._settings.client_state_secret_previous is not None,
            now=self._ports.now,
            new_id=self._ports.new_id,
            tell=tell,
        )


@asynccontextmanager
async def opened(values: Mapping[str, str]) -> AsyncIterator[Operator]:
    """Raises PermanentError that names the first bad setting or the bad line of targets.yaml."""
    loaded = settings.load(values)
    listed = targets.load(Path(loaded.targets_file))
    has_identity = IDENTITY[0] in values
    with identity(values), _silent():
        ports = AzurePorts(loaded, managed_identity if has_identity else _whoever_it_is, _untold)
        try:
            yield Operator(loaded, listed, ports)
        finally:
            await ports.close()


def _whoever_it_is(_: Settings) -> AsyncTokenCredential:
    """The operator, as signed in to the Azure CLI or as the environment says."""
    return DefaultAzureCredential()


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
