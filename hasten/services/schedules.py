"""What the timers do: they find whatever a message did not bring."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import DIRECTORY_CHANGES, PROVISIONING, Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.services import registry
from hasten.services.ledger import Ledger
from hasten.services.messages import Look, Wake
from hasten.services.subscriptions import Subscribing
from hasten.services.watch import Watching


@dataclass(frozen=True, slots=True)
class Schedules:
    store: Store
    ledger: Ledger
    bus: Bus
    watching: Watching
    subscribing: Subscribing
    emit: Emit
    now: Now
    new_id: NewId

    async def sweep(self) -> None:
        """Finds targets and the groups assigned to them, and subscribes to new groups."""
        await self._run("sweep", self._sweep)

    async def look(self) -> None:
        """Sends a look at every watched group."""
        await self._run("look", self._look)

    async def wake(self) -> None:
        """Wakes the targets that have rows due."""
        await self._run("wake", self._wake)

    async def renew(self) -> None:
        """Compares our subscriptions with what Graph has, and renews them in time."""
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
        groups = await self._watched()
        if not await self.subscribing.is_complete(groups):
            await self.subscribing.ensure(groups)

    async def _look(self) -> None:
        now = self.now()
        looks = [
            Look(group=group, noticed_at=now, found_by="reconcile").message(self.new_id())
            for group in sorted(await self._watched())
        ]
        if looks:
            await self.bus.send(DIRECTORY_CHANGES, looks)

    async def _wake(self) -> None:
        now = self.now()
        for found in await registry.load_all(self.store):
            changes = await self.ledger.open_changes(found.target)
            if any(change.due_at <= now for change in changes):
                wake = Wake(target=found.target)
                await self.bus.send(PROVISIONING, [wake.message(self.new_id())])

    async def _renew(self) -> None:
        await self.subscribing.ensure(await self._watched())

    async def _watched(self) -> frozenset[str]:
        found = await registry.load_all(self.store)
        return frozenset(group for target in found for group in target.groups)
