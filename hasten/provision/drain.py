"""Drains one target: takes it over, lets one run make its calls, wakes it again for what is left.

One drain a target runs at a time (its queue's session); many targets drain side by side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from hasten.domain.settlement import Backoff
from hasten.messages import Wake
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.provision.call import Caller
from hasten.provision.run import Run
from hasten.provision.triage import Triage
from hasten.records import discovered as registry
from hasten.records.call_window import Displaced, take_over
from hasten.records.discovered import Found
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.targets import Target
from hasten.watch.sweep import Watching

LONGEST = timedelta(minutes=4)
"""Then a drain ends and wakes itself: far below the function timeout of host.json."""


@dataclass(frozen=True, slots=True)
class Draining:
    """The service: one instance serves all drains of a process."""

    directory: Directory
    store: Store
    ledger: Ledger
    outbox: Outbox
    bus: Bus
    watching: Watching
    targets: Mapping[str, Target]
    emit: Emit
    now: Now
    new_id: NewId
    backoff: Backoff

    async def drain(self, wake: Wake) -> None:
        """Raises TemporaryError of the store, of Service Bus, or of the reads of Graph."""
        target = self.targets.get(wake.target)
        found = await registry.load(self.store, wake.target)
        if target is None or found is None:
            self._tell(wake.target, "unknown_target", problem=True)
            return
        if await self.ledger.open_changes(wake.target):
            await self._run(target, found)
        await self.outbox.flush(wake.target)

    async def _run(self, target: Target, found: Found) -> None:
        try:
            pace = await take_over(
                self.store,
                target.name,
                owner=self.new_id(),
                max_calls_per_hour=target.max_calls_per_hour,
            )
            triage = Triage(self.directory, self.ledger, self.outbox, self.emit, self.now)
            caller = Caller(
                directory=self.directory,
                ledger=self.ledger,
                pace=pace,
                triage=triage,
                found=found,
                discover=partial(self.watching.discover, target),
                reload=partial(registry.load, self.store, target.name),
                emit=self.emit,
                now=self.now,
                backoff=self.backoff,
            )
            run = Run(
                directory=self.directory,
                ledger=self.ledger,
                outbox=self.outbox,
                caller=caller,
                triage=triage,
                target=target,
                now=self.now,
            )
            finished_all = await run.run(until=self.now() + LONGEST)
        except Displaced:
            self._tell(target.name, "displaced")
            return
        await self._wake_later(target.name, caller, finished_all=finished_all)

    async def _wake_later(self, target: str, caller: Caller, *, finished_all: bool) -> None:
        """For rows that wait because of this drain; earlier drains did so for theirs."""
        wake, now = Wake(target=target), self.now()
        due = {at.replace(microsecond=0) + timedelta(seconds=1) for at in caller.retries}
        times: list[datetime | None] = [at for at in sorted(due) if at > now]
        if not finished_all or len(times) < len(due):
            times.append(None)
        messages = [wake.message(self.new_id(), at) for at in times]
        if messages:
            await self.bus.send(wake.queue, messages)

    def _tell(self, target: str, result: str, *, problem: bool = False) -> None:
        self.emit(Event("drain", result, {"target": target}, problem=problem))
