"""What the timers do: they find whatever a message did not bring."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hasten.domain.changes import State
from hasten.ensure.apply_policy import Applying
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure, Wake, looks_at
from hasten.operate.backlog import backlog
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE, PROVISIONING, Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.provision.verify import Verifying
from hasten.records import discovered as registry
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.records.retention import Tidying
from hasten.watch.reconcile import Reconciling
from hasten.watch.subscriptions import Subscribing
from hasten.watch.sweep import Watching


@dataclass(frozen=True, slots=True)
class Schedules:
    store: Store
    ledger: Ledger
    bus: Bus
    watching: Watching
    subscribing: Subscribing
    reconciling: Reconciling
    verifying: Verifying
    tidying: Tidying
    applying: Applying
    intents: Intents
    outbox: Outbox
    emit: Emit
    now: Now
    new_id: NewId

    async def sweep(self) -> None:
        """Finds targets and the groups assigned to them, and subscribes to new groups."""
        await self._run("sweep", self._sweep)

    async def look(self) -> None:
        """Finds the groups that changed although no notification came, and looks at them."""
        await self._run("look", self._look)

    async def wake(self) -> None:
        """Wakes the targets that have rows due, and tells what a crash left untold."""
        await self._run("wake", self._wake)

    async def verify(self) -> None:
        """Compares answers with the provisioning log, and plans with what the cycle did."""
        await self._run("verify", self.verifying.verify)

    async def apply(self) -> None:
        """Applies the policy, and comes back to intents whose message was given up."""
        await self._run("apply", self._apply)

    async def tidy(self) -> None:
        """Forgets what ended long ago, and reads on in every group.

        A delta link ends after 7 days (Graph docs), also that of a group in which nothing happens:
        its next leaver would be lost with it.
        """
        await self._run("tidy", self._tidy)

    async def renew(self) -> None:
        """Compares our subscriptions with what Graph has, and renews them in time.

        One that was deleted behind our back is missed for as long as this timer's period. What
        changes meanwhile is found by the look timer.
        """
        await self._run("renew", self._renew)

    async def _run(self, timer: str, work: Callable[[], Awaitable[None]]) -> None:
        """Both exceptions end here: the next tick tries again."""
        try:
            await work()
        except TemporaryError as error:
            self.emit(Event("timer", "postponed", {"timer": timer, "reason": error.reason}))
        except PermanentError as error:
            about = {"timer": timer, "reason": error.reason, "next_action": error.next_action}
            self.emit(Event("timer", "failed", about, problem=True))

    async def _sweep(self) -> None:
        await self.watching.sweep()
        groups = await registry.watched(self.store)
        if not await self.subscribing.is_settled(groups):
            await self.subscribing.ensure(groups)

    async def _look(self) -> None:
        await self.reconciling.reconcile(await registry.watched(self.store))

    async def _wake(self) -> None:
        now = self.now()
        for found in await registry.load_all(self.store):
            changes = await self.ledger.open_changes(found.target)
            self.emit(await backlog(self.store, found, changes, now))
            if any(change.is_due(now) or change.state is State.HELD for change in changes):
                wake = Wake(target=found.target)
                await self.bus.send(PROVISIONING, [wake.message(self.new_id())])
            await self.outbox.flush(found.target)

    async def _apply(self) -> None:
        for found in await registry.load_all(self.store):
            if await self.intents.open_intents(found.target):
                ensure = Ensure(target=found.target)
                await self.bus.send(ENSURE, [ensure.message(self.new_id())])
        await self.applying.run()

    async def _tidy(self) -> None:
        groups = sorted(await registry.watched(self.store))
        looks = looks_at(groups, found_by="reconcile", now=self.now(), new_id=self.new_id)
        if looks:
            await self.bus.send(DIRECTORY_CHANGES, looks)
        await self.tidying.tidy()

    async def _renew(self) -> None:
        await self.subscribing.ensure(await registry.watched(self.store))
