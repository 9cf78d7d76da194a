"""Drains one target: plans its open changes, paces the calls, makes them, until nothing is due.

One drain a target runs at a time (its queue's session); many targets drain side by side.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from hasten.domain.changes import Change, State, finished
from hasten.domain.planning import OUT_OF_REACH, Call, Standing, plan, reachable
from hasten.domain.settlement import Backoff
from hasten.limits import CALLS_PER_WINDOW, MAX_CALLS_IN_FLIGHT, MAX_MEMBERS_PER_CALL
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.services import registry
from hasten.services.calls import Caller
from hasten.services.ledger import Ledger
from hasten.services.messages import Wake
from hasten.services.outcomes import ended
from hasten.services.paces import Displaced, take_over
from hasten.services.standings import standings
from hasten.services.watch import Watching
from hasten.targets import Target

LONGEST = timedelta(minutes=4)
"""Then a drain ends and wakes itself: far below the function timeout of host.json."""

POLL = timedelta(seconds=0.1)
"""How often a drain with free slots looks for new rows while calls are under way."""

NEARLY_DUE = timedelta(seconds=2)
"""A row due this soon is waited for: a scheduled wake may come early by the skew of two clocks."""

REMOVALS_AT_ONCE = CALLS_PER_WINDOW * MAX_MEMBERS_PER_CALL
"""Rows whose users' standing is read for one plan: no more can be called in one window."""


@dataclass(frozen=True, slots=True)
class Draining:
    """The service: one instance serves all drains of a process."""

    directory: Directory
    store: Store
    ledger: Ledger
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
        if not await self.ledger.open_changes(wake.target):
            return
        try:
            pace = await take_over(
                self.store,
                target.name,
                owner=self.new_id(),
                max_calls_per_hour=target.max_calls_per_hour,
            )
            caller = Caller(
                directory=self.directory,
                ledger=self.ledger,
                pace=pace,
                found=found,
                discover=partial(self.watching.discover, target),
                emit=self.emit,
                now=self.now,
                backoff=self.backoff,
            )
            drain = Drain(self.directory, self.ledger, caller, target, self.emit, self.now)
            finished_all = await drain.run(until=self.now() + LONGEST)
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


@dataclass(slots=True)
class Drain:
    """One run. It ends when no row is due and no call is under way, or when its time is over."""

    directory: Directory
    ledger: Ledger
    caller: Caller
    target: Target
    emit: Emit
    now: Now
    _under_way: dict[asyncio.Task[None], Call] = field(default_factory=dict)

    async def run(self, until: datetime) -> bool:
        """Whether nothing was left. Calls under way are always waited for, whatever happens."""
        try:
            while self.now() < until:
                if not await self._step(until):
                    return True
            return False
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way)
                self._collect()

    async def _step(self, until: datetime) -> bool:
        """Makes calls, or waits for the next event. False when nothing is left to do by `until`."""
        self._collect()
        now = self.now()
        free_at = self.caller.pace.pace.free_at(now)
        if self._under_way and (free_at > now or len(self._under_way) >= MAX_CALLS_IN_FLIGHT):
            await self._wait(min(max(free_at - now, POLL), until - now))
            return True
        changes = await self.ledger.open_changes(self.target.name)
        near = [change for change in changes if change.due_at <= now + NEARLY_DUE]
        if not near and not self._under_way:
            return False
        if free_at >= until:
            self.caller.retries.add(free_at)
            return False
        if free_at > now:
            await self._wait(free_at - now)
            return True
        calls = await self._plan([change for change in near if change.due_at <= now])
        if not await self._make(calls):
            times = [call.ready_at(self.caller.pace.pace.used(now)) for call in calls]
            times += [change.due_at for change in near if change.due_at > now]
            await self._wait(min([at - now for at in times if at > now] + [POLL]))
        return True

    async def _make(self, calls: Sequence[Call]) -> bool:
        """Starts those that are ready while slots are free. Two calls on one person could cross:
        the later one waits. False when none could be started."""
        started = False
        for call in calls:
            now, pace = self.now(), self.caller.pace.pace
            if pace.free_at(now) > now or len(self._under_way) >= MAX_CALLS_IN_FLIGHT:
                break
            if call.ready_at(pace.used(now)) > now or call.users & self._busy():
                continue
            reserved = await self.caller.reserve(call)
            if reserved is not None:
                self._under_way[asyncio.create_task(self.caller.make(reserved))] = reserved
            started = True
        return started

    def _busy(self) -> frozenset[str]:
        return frozenset(user for call in self._under_way.values() for user in call.users)

    async def _plan(self, due: Sequence[Change]) -> list[Call]:
        """Rows out of Entra's reach on demand are ended here; the calls for the others."""
        free = reachable(due, self._busy())
        removals = sorted((c for c in free if c.is_removal), key=lambda c: c.found_at)
        first = {removal.user for removal in removals[:REMOVALS_AT_ONCE]}
        removals = [removal for removal in removals if removal.user in first]
        found = await standings(self.directory, self.caller.found.service_principal, removals)
        for removal in removals:
            if found[removal.user] in OUT_OF_REACH:
                await self._leave_to_cycle(removal, found[removal.user])
        return plan(
            [*removals, *(change for change in free if not change.is_removal)],
            standings=found,
            grants_by=self.target.grants_by,
        )

    async def _leave_to_cycle(self, removal: Change, standing: Standing) -> None:
        left = finished(
            removal,
            State.LEFT_TO_CYCLE,
            now=self.now(),
            reason=f"the user is {standing} in Entra, where provisioning on demand cannot act",
            next_action="none: Entra's own cycle disables the account in the app",
        )
        await self.ledger.move([removal], lambda _: left)
        self.emit(ended(left))

    async def _wait(self, longest: timedelta) -> None:
        """Until a call ends, at most `longest`."""
        seconds = max(0.0, longest.total_seconds())
        if self._under_way:
            await asyncio.wait(
                self._under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        else:
            await asyncio.sleep(seconds)

    def _collect(self) -> None:
        """Forgets the calls that ended; surfaces the first error among them."""
        done = [task for task in self._under_way if task.done()]
        for task in done:
            del self._under_way[task]
        for error in [task.exception() for task in done]:
            if error is not None:
                raise error
