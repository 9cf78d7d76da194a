"""One run of a drain: plans the open changes of its target, paces the calls and makes them, until
nothing is due."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from hasten.domain.changes import Change, State
from hasten.domain.planning import Call, reachable
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_CALLS_IN_FLIGHT
from hasten.provision.app_revocations import AppRevocations
from hasten.provision.call import reserve
from hasten.provision.plan_calls import plan_calls
from hasten.provision.put_aside import make_or_put_aside, plan_or_put_aside
from hasten.provision.state import Drain
from hasten.provision.triage import wait_out, without_covered
from hasten.watch.admit import observed

MIN_ROWS_POLL, MAX_ROWS_POLL = timedelta(seconds=0.1), timedelta(seconds=1.6)
"""Waits between two reads of the open rows while calls wait for more members. Each wait is twice
the one before. When a call begins, the waits start again with the shortest."""

ROWS_POLL_DURING_CALLS = timedelta(seconds=2)
"""Interval between two reads of the open rows while calls are under way. A wake that reaches this
process makes it read them at once. A wake that reaches another process leaves a mark, which also
keeps the lease from being released before the rows are read."""

WAIT_FOR_DUE_ROW = timedelta(seconds=2)
"""A run waits for a row that is due this soon: a scheduled wake may come early by the skew of two
clocks."""

REVOCATIONS_READ_EVERY = timedelta(seconds=5)
"""Interval between two reads of the open rows while a run waits for a slot that all targets share
and no wake leaves a mark."""

CLAIM_EVERY = timedelta(seconds=1)
"""Interval at which such a run looks whether a removal that it knows has become due."""


@dataclass(slots=True)
class Run:
    """Ends when no row is due and no call is under way, or when its time is over. The ledger of the
    drain has listed the open rows just before."""

    drain: Drain
    _under_way: dict[asyncio.Task[None], Call] = field(default_factory=dict)
    _starting: frozenset[str] = frozenset()
    """The users of the call that takes its slot now."""

    _poll: timedelta = MIN_ROWS_POLL
    _read_at: datetime = field(init=False)
    _revocations: AppRevocations = field(init=False)

    def __post_init__(self) -> None:
        self._read_at = self.drain.now
        self._revocations = AppRevocations.of(self.drain, self._called)

    async def run(self, until: datetime) -> bool:
        """Makes calls until no row is due, or until the time `until`. Then waits for the calls that
        are under way. Returns whether no due row is left. Raises the errors of calls, and Stopped.
        Raises what stops the calls, such as a read that fails, only when nobody waits for the
        app."""
        try:
            while self.drain.now < until:
                self._collect()
                try:
                    is_over = not await self._step(until)
                except (TemporaryError, PermanentError):
                    if not await self._waits_for_app():
                        raise
                    continue
                if is_over:
                    return True
            return False
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way)
                self._collect()
            await self.drain.reads.end()
            await self._revocations.finish()
            await self.drain.finish_sending()

    async def _step(self, until: datetime) -> bool:
        """Makes calls, or waits for the next event. Returns False when nothing is left to do by
        `until`."""
        now = self.drain.now
        free_at = self.drain.free_at(now)
        if self._under_way and (free_at > now or self._is_full()):
            await self._wait_for_slot(min(max(free_at - now, MIN_ROWS_POLL), until - now))
            return True
        rows = await self._open_rows()
        near = [row for row in rows if self._is_near(row, now)]
        if not near and not self._under_way:
            return await self._waits_for_app()
        free_at = self.drain.free_at(now, near or None)
        if free_at >= until:
            self.drain.retries.add(free_at)
            return await self._waits_for_app()
        if free_at > now:
            await self._wait_for_slot(free_at - now, or_mark=True)
            return True
        if not await self._knows_cycle(near):
            near = [row for row in near if row.is_removal]
        if self.drain.cycle.is_missing and await self._finds_another_job():
            return True
        if self.drain.cycle.problem:
            busy = self._busy()
            free = [row for row in near if row.user not in busy]
            if free:
                await wait_out(self.drain, free)
            if not self._under_way:
                return await self._waits_for_app()
            await self._wait(until - now)
            return True
        due = reachable([row for row in near if self._may_be_called(row, now)], self._busy())
        calls = await plan_or_put_aside(self.drain, due, partial(plan_calls, self.drain))
        if not await self._make(calls):
            times = [call.ready_at(self.drain.used(now)) for call in calls]
            times += [row.due_at for row in near if row.due_at > now]
            poll = max(self._poll, ROWS_POLL_DURING_CALLS) if self._under_way else self._poll
            longest = min([at - now for at in times if at > now] + [poll])
            await self._wait(longest, or_mark=True)
            self._poll = min(2 * self._poll, MAX_ROWS_POLL)
        return True

    async def _waits_for_app(self) -> bool:
        """Waits a moment if access is being taken in the app, which no call can delay. Returns
        whether that is so."""
        if not self._revocations.is_busy:
            return False
        await self._wait(MAX_ROWS_POLL)
        return True

    def _must_read(self, rows: Sequence[Change]) -> bool:
        """Returns whether the rows known to this run may be too old. A row of another process that
        comes later leaves a mark at the lease, so a run may end without another read."""
        now, busy = self.drain.now, self._busy()
        age = now - self._read_at
        is_free = self.drain.free_at(now) <= now
        may_call = is_free and any(self._is_near(r, now) and r.user not in busy for r in rows)
        return (
            self.drain.window.lease.marked.is_set()
            or (may_call and age >= MIN_ROWS_POLL)
            or (bool(self._under_way) and age >= ROWS_POLL_DURING_CALLS)
        )

    async def _read(self) -> list[Change]:
        await self.drain.window.lease.take_mark()
        self._read_at = self.drain.now
        return await self.drain.ledger.open_changes(self.drain.target.name)

    async def _open_rows(self) -> list[Change]:
        """Returns the rows that still need a call. Held rows are among them: a cycle may have done
        them."""
        rows = self.drain.ledger.last_seen(self.drain.target.name)
        if self._must_read(rows):
            rows = await self._read()
        rows = self._revocations.offer(rows)
        busy = self._busy()
        free = [row for row in rows if row.user not in busy]
        left = free
        if self.drain.target.observes:
            await self._hold(free)
            return []
        is_asked = any(row.state is State.HELD or row.is_due(self.drain.now) for row in free)
        if is_asked and await self._knows_cycle(free):
            left = await without_covered(self.drain, free)
        return [*left, *(row for row in rows if row.user in busy)]

    async def _knows_cycle(self, rows: Sequence[Change]) -> bool:
        """Reads the status of the job. Returns False if that is not possible and `rows` have a
        removal: the status is only advice, and no removal waits for it. Raises the error of the
        read if there is none."""
        try:
            await self.drain.read_cycle()
        except (TemporaryError, PermanentError):
            if not any(row.is_removal for row in rows):
                raise
            return False
        return True

    async def _hold(self, rows: Sequence[Change]) -> None:
        """Holds open rows, also those found before the target was set to observe."""
        open_ones = [row for row in rows if row.state is not State.HELD]
        await self.drain.ledger.move(open_ones, observed)
        await self.drain.read_cycle()
        await without_covered(self.drain, [row for row in rows if row.state is State.HELD])

    def _is_near(self, row: Change, now: datetime) -> bool:
        return row.is_due(now + WAIT_FOR_DUE_ROW) or self._may_be_called(row, now)

    def _may_be_called(self, row: Change, now: datetime) -> bool:
        """Returns True for a due row. While the breaker is open, any row that failed may be the
        probe, not only the one whose pause ended first, unless it waits for something else."""
        is_open = not self.drain.is_breaker_closed
        waits_for_more = row.user in self.drain.postponed or row.unread_since is not None
        is_probe = is_open and row.attempts > 0 and not waits_for_more
        return row.is_due(now) or (is_probe and row.state is State.WAITING)

    def _is_full(self) -> bool:
        """Returns whether no further call may start. While the breaker is open, one call at a time
        is enough to find out whether the outage is over."""
        most = MAX_CALLS_IN_FLIGHT if self.drain.is_breaker_closed else 1
        return len(self._under_way) >= most

    async def _make(self, calls: Sequence[Call]) -> bool:
        """Starts the calls that are ready while slots are free. Two calls for one person could
        overtake each other, so the later one waits. Returns False when no call could start."""
        started = False
        for number, call in enumerate(calls, start=1):
            now = self.drain.now
            if self.drain.free_at(now) > now or self._is_full():
                break
            is_early = call.ready_at(self.drain.used(now)) > now
            is_early = is_early or self.drain.free_at(now, call.changes) > now
            if is_early or call.users & self._busy():
                continue
            more_removals = any(later.is_removal for later in calls[number:])
            self._starting = call.users
            try:
                has_slot = await self._start(call, more_removals=more_removals)
            finally:
                self._starting = frozenset()
            if not has_slot:
                break
            started = True
        return started

    async def _start(self, call: Call, *, more_removals: bool) -> bool:
        """Starts the call, unless its rows changed meanwhile. Returns False if it gets no slot of
        the limit that the targets share."""
        if not await self.drain.limit.take(is_removal=call.is_removal, more_removals=more_removals):
            return False
        reserved = await reserve(self.drain, call)
        if reserved is not None:
            making = asyncio.create_task(make_or_put_aside(self.drain, reserved))
            self._under_way[making] = reserved
            self._poll = MIN_ROWS_POLL
        return True

    async def _finds_another_job(self) -> bool:
        """Discovers the target again. Returns whether it has another job than the one that is gone.
        Raises TemporaryError."""
        used = self.drain.found.route
        error = await self.drain.rediscover()
        if isinstance(error, TemporaryError):
            raise error
        return self.drain.found.route != used

    def _busy(self) -> frozenset[str]:
        return self._called() | self._revocations.users | self.drain.reads.users

    def _called(self) -> frozenset[str]:
        under_way = [user for call in self._under_way.values() for user in call.users]
        return self._starting.union(under_way)

    async def _wait_for_slot(self, longest: timedelta, *, or_mark: bool = False) -> None:
        """Waits until a slot may be free. If all targets share the limit, it also looks for
        revocations of this target, which go before the grants of the others."""
        now = self.drain.now
        if self.drain.waits_for_others(now) and not self._is_full():
            busy, rows = self._busy(), self.drain.ledger.last_seen(self.drain.target.name)
            is_marked = self.drain.window.lease.marked.is_set()
            if is_marked or now - self._read_at >= REVOCATIONS_READ_EVERY:
                rows = await self._read()
            if any(row.is_removal and row.is_due(now) and row.user not in busy for row in rows):
                await self.drain.limit.claim()
            longest, or_mark = min(longest, CLAIM_EVERY), True
        await self._wait(longest, or_mark=or_mark)

    async def _wait(self, longest: timedelta, *, or_mark: bool = False) -> None:
        """Waits until a call ends, or with `or_mark` until a wake leaves a mark; at most
        `longest`."""
        seconds = max(0.0, longest.total_seconds())
        mark = asyncio.create_task(self.drain.window.lease.marked.wait())
        waited_for = {*self._under_way, mark} if or_mark else {*self._under_way}
        if waited_for:
            await asyncio.wait(waited_for, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)
        mark.cancel()

    def _collect(self) -> None:
        """Forgets the calls that ended, and raises the first error among them."""
        done = [task for task in self._under_way if task.done()]
        for task in done:
            del self._under_way[task]
        if self._revocations.collect() or done:
            self.drain.begin_sending()
        for error in [task.exception() for task in done]:
            if error is not None:
                raise error
