"""Keeps each target's calls of the last window, its breaker, and the calls without an answer, where
every instance can see them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import zip_longest

from hasten.domain.breaker import Breaker
from hasten.domain.clocks import Stamp
from hasten.domain.late_calls import UnansweredCall, still_late
from hasten.domain.long_ago import LONG_AGO
from hasten.domain.pacing import DEPARTS_WITHIN, Pace
from hasten.errors import Conflict
from hasten.json import Json
from hasten.limits import CALLS_PER_WINDOW
from hasten.ports.clock import Now
from hasten.ports.store import Document, Put, Store, Write
from hasten.records import reading
from hasten.records.fields import moment
from hasten.records.lease import MAX_LOST_RACES, Displaced, Lease
from hasten.records.ledger_keys import LEDGER_COLLECTION, WINDOW_KEY

Stored = tuple[Pace, Breaker, tuple[UnansweredCall, ...]]


@dataclass(slots=True)
class CallWindow:
    """The pace of one target, held by the drain that has its lease. Hasten saves every call before
    it makes it, in one commit with the lease and the rows that are called. A displaced drain thus
    makes no call."""

    lease: Lease
    pace: Pace
    breaker: Breaker
    etag: str | None
    unanswered: tuple[UnansweredCall, ...] = ()
    """Calls that have ended without an answer and may still take effect."""

    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _is_late: bool = False
    """Whether a call left later than it is stored."""

    async def call(
        self, now: Now, writes: Sequence[Write], *, unanswered: Iterable[UnansweredCall] = ()
    ) -> Sequence[str | None]:
        """Spends a slot, notes the calls in `unanswered` and makes `writes` to the target's
        partition. Returns their etags. Raises Displaced, and Conflict when one of `writes` lost a
        race: no slot is spent then."""
        async with self._writing:
            self.unanswered = (*self.unanswered, *unanswered)
            return await self._save(lambda: (self.pace.with_call(now()), self.breaker), writes)

    async def departed(self, now: Now) -> None:
        """Notes that the last call leaves only now, after the writes before it. The next write
        saves the time, at the latest that of `judged`. After a crash before it, no other worker
        calls until the lease has been silent for longer than a window."""
        async with self._writing:
            saved, self.pace = self.pace, self.pace.departed(now())
            is_late = self.pace.calls[-1].at - saved.calls[-1].at > DEPARTS_WITHIN
            self._is_late = self._is_late or is_late

    async def throttled(self, until: datetime) -> None:
        async with self._writing:
            await self._keep(lambda: (self.pace.throttled(until), self.breaker))

    async def judged(self, breaker: Breaker, unanswered: UnansweredCall | None = None) -> None:
        """Saves the state of the breaker, if it has changed, a call without an answer, and when the
        calls left, if one left late."""
        if breaker != self.breaker or self._is_late or unanswered is not None:
            async with self._writing:
                self.unanswered += () if unanswered is None else (unanswered,)
                await self._keep(lambda: (self.pace, breaker))

    async def note(self, unanswered: Iterable[UnansweredCall]) -> None:
        """Saves calls without an answer. Raises Displaced."""
        async with self._writing:
            self.unanswered = (*self.unanswered, *unanswered)
            await self._save(lambda: (self.pace, self.breaker))

    async def _keep(self, change: Callable[[], tuple[Pace, Breaker]]) -> None:
        """Saves the change. A displaced drain notices it at its next call; the result of the call
        that ended is saved all the same."""
        with suppress(Displaced):
            await self._save(change)

    async def _save(
        self, change: Callable[[], tuple[Pace, Breaker]], writes: Sequence[Write] = ()
    ) -> Sequence[str | None]:
        for _ in range(MAX_LOST_RACES):
            pace, breaker = change()
            self.unanswered = still_late(self.unanswered, self.lease.now())
            put = Put(WINDOW_KEY, _body(pace, breaker, self.unanswered), self.etag)
            try:
                self.etag, *etags = await self.lease.commit([put, *writes])
            except Conflict as conflict:
                if conflict.key != WINDOW_KEY:
                    raise
                await self._reread()
                continue
            self.pace, self.breaker, self._is_late = pace, breaker, False
            return etags
        raise Conflict(WINDOW_KEY)

    async def _reread(self) -> None:
        """The answer to an earlier commit was lost."""
        document = await _get(self.lease.store, self.lease.target)
        if document is not None:
            self.pace, self.breaker, stored = await _seen(self.lease, document, self.pace)
            self.unanswered = tuple(dict.fromkeys((*stored, *self.unanswered)))
            self.etag = document.etag


async def open_window(
    lease: Lease,
    document: Document | None,
    *,
    max_calls_per_hour: int | None,
    reserved: int = 0,
    clock: str = "",
) -> CallWindow:
    """Returns the window with the calls that earlier drains of the target made. `document` is the
    stored window, `clock` names this process."""
    limits = Pace(max_calls_per_hour=max_calls_per_hour, reserved=reserved, clock=clock)
    if document is None:
        return CallWindow(lease, limits, Breaker(), None)
    pace, breaker, unanswered = await _seen(lease, document, limits)
    return CallWindow(lease, pace, breaker, document.etag, unanswered)


async def unanswered_in(
    store: Store, target: str, document: Document | None
) -> Sequence[UnansweredCall]:
    """Returns the calls without an answer that the stored window of `target` keeps."""
    if document is None:
        return ()
    _, _, unanswered = await _stored(store, target, document, unreadable=Pace())
    return unanswered


async def not_before(store: Store, target: str) -> datetime:
    """Returns until when Graph asked Hasten not to call `target`; a time long ago if it did not."""
    pace, _ = await load(store, target)
    return pace.not_before


async def load(store: Store, target: str) -> tuple[Pace, Breaker]:
    """Returns the pace and the breaker as they are stored, without the lease of `target`."""
    document = await _get(store, target)
    if document is None:
        return Pace(), Breaker()
    pace, breaker, _ = await _stored(store, target, document, unreadable=Pace())
    return pace, breaker


async def _seen(lease: Lease, document: Document, limits: Pace) -> Stored:
    """Returns what is stored, as this process sees it now, with the `limits`. A window that cannot
    be read counts as full: its calls leave it within seconds, and the next call writes it anew."""
    now = lease.now()
    full = Pace(calls=(Stamp.own(now),) * CALLS_PER_WINDOW)
    stored, breaker, unanswered = await _stored(
        lease.store, lease.target, document, unreadable=full
    )
    calls = tuple(call.seen_by(limits.clock, now) for call in stored.calls)
    return replace(limits, calls=calls, not_before=stored.not_before), breaker, unanswered


async def _stored(store: Store, target: str, document: Document, *, unreadable: Pace) -> Stored:
    safe: Stored = (unreadable, Breaker(), ())
    return await reading.read_or(store, LEDGER_COLLECTION, target, document, _parse, safe=safe)


async def _get(store: Store, target: str) -> Document | None:
    return await store.get(LEDGER_COLLECTION, target, WINDOW_KEY)


def _body(pace: Pace, breaker: Breaker, unanswered: Sequence[UnansweredCall]) -> Json:
    return {
        "calls": [call.stored.isoformat() for call in pace.calls],
        "clocks": [call.clock for call in pace.calls],
        "not_before": pace.not_before.isoformat(),
        "failures": breaker.failures,
        "users": sorted(breaker.users),
        "open_until": breaker.open_until.isoformat() if breaker.open_until else "",
        "unanswered": [
            {
                "at": call.at.isoformat(),
                "users": sorted(call.users),
                "takes": call.takes,
                "group": call.group,
            }
            for call in unanswered
        ],
    }


def _parse(document: Document) -> Stored:
    """An older version wrote no calls without an answer."""
    body = document.body
    unanswered = (
        UnansweredCall(
            at=moment(one["at"]),
            users=frozenset(one["users"]),
            takes=one["takes"],
            group=one["group"],
        )
        for one in body.get("unanswered", ())
    )
    return _pace(body), _breaker(body), tuple(unanswered)


def _pace(body: Json) -> Pace:
    """Returns what is stored; the limits are not. An older version wrote no clocks."""
    calls = zip_longest(body["calls"], body.get("clocks", ()), fillvalue="")
    return Pace(
        calls=tuple(Stamp.own(moment(at), clock) for at, clock in calls),
        not_before=moment(body.get("not_before", LONG_AGO.isoformat())),
    )


def _breaker(body: Json) -> Breaker:
    until = body.get("open_until")
    return Breaker(
        failures=int(body.get("failures", 0)),
        open_until=moment(until) if until else None,
        users=frozenset(body.get("users", ())),
    )
