"""What the queues and the timers set to work: which service is made of what."""

from functools import cached_property

from hasten.backoff import backoff
from hasten.ensure.apply_policy import Applying
from hasten.ensure.run import Ensuring
from hasten.onboard.affected_groups import Touching
from hasten.onboard.interpret import Reading
from hasten.onboard.reject import Rejecting
from hasten.onboard.resolve import Resolving
from hasten.onboard.take import Onboarding
from hasten.onboard.write import Writing
from hasten.ports.ports import Ports
from hasten.provision.drain import Draining
from hasten.provision.verify import Verifying
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.records.people import People
from hasten.records.retention import Tidying
from hasten.settings import Settings
from hasten.targets import Target
from hasten.timers import Schedules
from hasten.watch.admit import Recording
from hasten.watch.assignments import Assigning
from hasten.watch.brake import Braking
from hasten.watch.lifecycle import Attending
from hasten.watch.look import Looking
from hasten.watch.reconcile import Reconciling
from hasten.watch.renew import Renewing
from hasten.watch.subscriptions import Subscribing
from hasten.watch.sweep import Watching


class Workers:
    """Each is made on first use."""

    def __init__(self, settings: Settings, targets: tuple[Target, ...], ports: Ports) -> None:
        self._settings = settings
        self._targets = targets
        self._ports = ports
        self._backoff = backoff(ports.jitter)

    @cached_property
    def attending(self) -> Attending:
        return Attending(
            store=self._ports.store,
            subscribing=self._subscribing,
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def looking(self) -> Looking:
        return Looking(
            directory=self._ports.directory,
            store=self._ports.store,
            ledger=self._ledger,
            recording=self._recording,
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def onboarding(self) -> Onboarding:
        resolving = Resolving(
            directory=self._ports.directory,
            store=self._ports.store,
            intents=self._intents,
            now=self._ports.now,
        )
        touching = Touching(
            directory=self._ports.directory,
            store=self._ports.store,
            people=self._people,
            watching=self._watching,
        )
        return Onboarding(
            reading=Reading(resolving, touching),
            writing=Writing(self._intents, self._people, self._ports.now),
            rejecting=Rejecting(
                bus=self._ports.bus,
                outbox=self._outbox,
                emit=self._ports.emit,
                now=self._ports.now,
                new_id=self._ports.new_id,
            ),
            bus=self._ports.bus,
            outbox=self._outbox,
            targets=self._by_name,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def draining(self) -> Draining:
        return Draining(
            directory=self._ports.directory,
            store=self._ports.store,
            ledger=self._ledger,
            outbox=self._outbox,
            bus=self._ports.bus,
            watching=self._watching,
            targets=self._by_name,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
            backoff=self._backoff,
        )

    @cached_property
    def ensuring(self) -> Ensuring:
        return Ensuring(
            directory=self._ports.directory,
            store=self._ports.store,
            intents=self._intents,
            ledger=self._ledger,
            recording=self._recording,
            outbox=self._outbox,
            bus=self._ports.bus,
            watching=self._watching,
            targets=self._by_name,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def applying(self) -> Applying:
        return Applying(
            directory=self._ports.directory,
            store=self._ports.store,
            intents=self._intents,
            watching=self._watching,
            targets=self._targets,
            emit=self._ports.emit,
            now=self._ports.now,
        )

    @cached_property
    def schedules(self) -> Schedules:
        return Schedules(
            store=self._ports.store,
            ledger=self._ledger,
            bus=self._ports.bus,
            watching=self._watching,
            subscribing=self._subscribing,
            reconciling=Reconciling(
                directory=self._ports.directory,
                store=self._ports.store,
                bus=self._ports.bus,
                emit=self._ports.emit,
                now=self._ports.now,
                new_id=self._ports.new_id,
            ),
            verifying=self._verifying,
            tidying=self._tidying,
            applying=self.applying,
            intents=self._intents,
            outbox=self._outbox,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def _subscribing(self) -> Subscribing:
        return Subscribing(
            directory=self._ports.directory,
            store=self._ports.store,
            renewing=Renewing(
                directory=self._ports.directory,
                store=self._ports.store,
                emit=self._ports.emit,
                now=self._ports.now,
            ),
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
            url=self._settings.notification_url,
            lifecycle_url=self._settings.lifecycle_url,
            client_state=self._settings.client_state,
        )

    @cached_property
    def _watching(self) -> Watching:
        return Watching(
            directory=self._ports.directory,
            store=self._ports.store,
            assigning=self._assigning,
            targets=self._targets,
            emit=self._ports.emit,
            now=self._ports.now,
        )

    @cached_property
    def _assigning(self) -> Assigning:
        return Assigning(
            directory=self._ports.directory,
            store=self._ports.store,
            ledger=self._ledger,
            recording=self._recording,
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
        )

    @cached_property
    def _verifying(self) -> Verifying:
        return Verifying(
            directory=self._ports.directory,
            store=self._ports.store,
            ledger=self._ledger,
            outbox=self._outbox,
            bus=self._ports.bus,
            emit=self._ports.emit,
            now=self._ports.now,
            new_id=self._ports.new_id,
            backoff=self._backoff,
        )

    @cached_property
    def _tidying(self) -> Tidying:
        return Tidying(
            store=self._ports.store,
            ledger=self._ledger,
            intents=self._intents,
            people=self._people,
            emit=self._ports.emit,
            now=self._ports.now,
        )

    @cached_property
    def _recording(self) -> Recording:
        return Recording(
            braking=Braking(
                directory=self._ports.directory,
                store=self._ports.store,
                outbox=self._outbox,
                emit=self._ports.emit,
                now=self._ports.now,
            ),
            ledger=self._ledger,
            targets=self._by_name,
            emit=self._ports.emit,
            now=self._ports.now,
        )

    @cached_property
    def _outbox(self) -> Outbox:
        return Outbox(self._ports.store, self._ports.bus)

    @cached_property
    def _intents(self) -> Intents:
        return Intents(self._ports.store)

    @cached_property
    def _people(self) -> People:
        return People(self._ports.store)

    @property
    def _by_name(self) -> dict[str, Target]:
        return {target.name: target for target in self._targets}

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self._ports.store)
