"""Lets the drain of one target share the limit of calls with the other targets of the tenant.

Microsoft does not document whether the limit counts the calls of a target or of the tenant. With
`limit_scope: auto` the answers of Entra decide: see `throttled`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.pacing import DEPARTS_WITHIN, Pace
from hasten.domain.shared_pace import (
    LimitScope,
    SharedPace,
    TargetCall,
    shows_shared_limit,
)
from hasten.errors import Conflict
from hasten.records import call_window, shared_window
from hasten.telemetry.provision import LimitSeparated, LimitShared

MAX_LOST_RACES = 8
"""Maximum number of lost races in a row. The drain then asks again after its next wait."""

Change = Callable[[SharedPace], SharedPace | None]
"""None where nothing is to be written."""


@dataclass(slots=True)
class SharedLimit:
    """The shared window as this drain saw it last. A write that is not based on the newest one
    fails."""

    context: Context
    target: str
    pace: SharedPace = field(init=False)
    _etag: str | None = None
    _taken: TargetCall | None = None
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.pace = SharedPace(clock=self.context.process)

    @property
    def is_shared(self) -> bool:
        return self.pace.is_shared(self._scope, self.context.now())

    @property
    def _scope(self) -> LimitScope:
        return self.context.limit_scope_of(self.target)

    def free_at(self, now: datetime) -> datetime:
        return self.pace.free_at(self.target, now) if self.is_shared else now

    def used(self, now: datetime) -> int:
        return self.pace.used(now) if self.is_shared else 0

    def times(self, now: datetime, calls: int) -> list[datetime]:
        return self.pace.times(now, calls) if self.is_shared else [now] * calls

    async def take(self, *, is_removal: bool, more_removals: bool) -> bool:
        """Spends a slot before a call. If Hasten crashes before the call, the slot stays spent.
        Returns False if no slot is free, or if this call is a grant and another target goes
        first."""
        if self._scope is LimitScope.TARGET:
            return True

        def may_go(pace: SharedPace, now: datetime) -> bool:
            return pace.lets_through(self.target, now, is_removal=is_removal)

        if not self.is_shared or not may_go(self.pace, self.context.now()):
            await self._read()
            await self._try_without()
        if not self.is_shared:
            return True

        def spend(pace: SharedPace) -> SharedPace | None:
            now = self.context.now()
            if not may_go(pace, now):
                return None
            spent = pace.with_call(self.target, now, keeps_claim=more_removals)
            self._taken = spent.calls[-1]
            return spent

        if await self._write(spend):
            return True
        await (self.claim() if is_removal else self._wait_in_turn())
        return False

    async def departed(self) -> None:
        """Saves the present time for the call for which a slot was taken, if the call is sent later
        than DEPARTS_WITHIN after that."""
        taken, now = self._taken, self.context.now()
        if self.is_shared and taken is not None and now - taken.at > DEPARTS_WITHIN:
            await self._write(lambda pace: pace.departed(taken, self.context.now()))

    async def claim(self) -> None:
        """Makes the grants of the other targets wait for a revocation of this one."""

        def put_first(pace: SharedPace) -> SharedPace | None:
            now = self.context.now()
            needs = pace.needs_claim(self.target, now)
            return pace.claimed(self.target, now) if needs else None

        if self.is_shared:
            await self._write(put_first)

    async def _wait_in_turn(self) -> None:
        """Makes the grants of the targets that called more often lately wait for one of this."""

        def take_turn(pace: SharedPace) -> SharedPace | None:
            now = self.context.now()
            return pace.in_turn(self.target, now) if pace.needs_turn(self.target, now) else None

        await self._write(take_turn)

    async def throttled(
        self, own: Pace, *, sent_at: datetime, until: datetime, is_removal: bool
    ) -> None:
        """Handles a call, sent at `sent_at`, that Graph refused. If the targets share the limit,
        all of them wait. They begin to share it if the call was within the limit of this target but
        exceeded it together with the calls of the others."""
        if self._scope is LimitScope.TARGET:
            return
        await self._read()
        if self.is_shared:
            await self._write(lambda pace: pace.throttled(until))
        elif await self._is_shown_by(own, sent_at):
            now = self.context.now()
            begins = await self._write(
                lambda pace: None if self._is_known(pace) else pace.shared(now, until)
            )
            if begins:
                self.context.emit(LimitShared(target=self.target))
        if is_removal:
            await self.claim()

    async def _is_shown_by(self, own: Pace, sent_at: datetime) -> bool:
        store, others = self.context.store, self.context.others_that_act(self.target)
        read = await asyncio.gather(*(call_window.load(store, name) for name in sorted(others)))
        return shows_shared_limit(sent_at, own, [pace for pace, _ in read])

    def _is_known(self, pace: SharedPace) -> bool:
        return pace.is_shared(self._scope, self.context.now())

    async def _try_without(self) -> None:
        """Ends the sharing when the targets have shared the limit for long enough."""

        def end(pace: SharedPace) -> SharedPace | None:
            return replace(pace, since=None) if pace.is_over(self.context.now()) else None

        if await self._write(end):
            self.context.emit(LimitSeparated(target=self.target))

    async def _write(self, change: Change) -> bool:
        async with self._writing:
            for _ in range(MAX_LOST_RACES):
                changed = change(self.pace)
                if changed is None:
                    return False
                try:
                    self._etag = await shared_window.write(self.context.store, changed, self._etag)
                except Conflict:
                    await self._load()
                    continue
                self.pace = changed
                return True
        return False

    async def _read(self) -> None:
        async with self._writing:
            await self._load()

    async def _load(self) -> None:
        stored, self._etag = await shared_window.load(self.context.store)
        self.pace = stored.seen_by(self.pace, self.context.now())
