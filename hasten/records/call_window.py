"""Stores each target's recent calls and its circuit breaker, so that every instance sees them."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from hasten.domain.breaker import Breaker
from hasten.domain.pacing import LONG_AGO, Pace
from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.clock import Now
from hasten.ports.store import Document, Put, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

COLLECTION = "targets"
PARTITION = "pace"


class Displaced(Exception):  # noqa: N818 - says what happened
    """Another drain has taken over the target; this one must not call again."""


@dataclass(slots=True)
class CallWindow:
    """The call window of one target, owned by one drain. Each call is saved before it is made.

    The drain that took over last owns the record. An older drain, whose session lock was lost,
    finds the record changed at its next call and stops.
    """

    store: Store
    target: str
    owner: str
    pace: Pace
    breaker: Breaker
    etag: str
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def call(self, now: Now) -> None:
        """Saves one more call at `now()`. Raises Displaced when another drain owns the target."""
        async with self._writing:
            await self._save(self.pace.with_call(now()), self.breaker)
            self.pace = self.pace.departed(now())

    async def throttled(self, until: datetime) -> None:
        async with self._writing:
            await self._keep(self.pace.throttled(until), self.breaker)

    async def judged(self, breaker: Breaker) -> None:
        """Saves the state of the circuit breaker, if it changed."""
        if breaker != self.breaker:
            async with self._writing:
                await self._keep(self.pace, breaker)

    async def _keep(self, pace: Pace, breaker: Breaker) -> None:
        """Saves the result of a call that has ended, and ignores Displaced: a displaced drain stops
        at its next call."""
        with suppress(Displaced):
            await self._save(pace, breaker)

    async def _save(self, pace: Pace, breaker: Breaker) -> None:
        try:
            await _put(
                self.store,
                self.target,
                owner=self.owner,
                pace=pace,
                breaker=breaker,
                etag=self.etag,
            )
        except Conflict:
            raise Displaced from None
        document = await _get(self.store, self.target)
        if document is None or document.body["owner"] != self.owner:
            raise Displaced
        self.pace, self.breaker, self.etag = pace, breaker, document.etag


async def take_over(
    store: Store, target: str, *, owner: str, max_calls_per_hour: int | None
) -> CallWindow:
    """Makes `owner` the only drain of `target` and returns its window with the calls of earlier
    drains.

    Raises Conflict or Displaced when another drain takes over at the same moment.
    """
    document = await _get(store, target)
    pace, breaker = Pace(max_calls_per_hour=max_calls_per_hour), Breaker()
    if document is not None:
        pace = _pace(document.body, max_calls_per_hour)
        breaker = _breaker(document.body)
    etag = document.etag if document else None
    await _put(store, target, owner=owner, pace=pace, breaker=breaker, etag=etag)
    written = await _get(store, target)
    if written is None or written.body["owner"] != owner:
        raise Displaced
    return CallWindow(store, target, owner, pace, breaker, written.etag)


async def not_before(store: Store, target: str) -> datetime:
    """Returns the time before which Graph asked Hasten not to call `target`; LONG_AGO if it did not
    ask."""
    pace, _ = await read(store, target)
    return pace.not_before


async def read(store: Store, target: str) -> tuple[Pace, Breaker]:
    """Returns the window and the breaker of `target` without taking it over."""
    document = await _get(store, target)
    if document is None:
        return Pace(), Breaker()
    return _pace(document.body, None), _breaker(document.body)


async def _get(store: Store, target: str) -> Document | None:
    return await store.get(COLLECTION, PARTITION, target)


async def _put(
    store: Store, target: str, *, owner: str, pace: Pace, breaker: Breaker, etag: str | None
) -> None:
    body = {
        "owner": owner,
        "calls": [call.isoformat() for call in pace.calls],
        "not_before": pace.not_before.isoformat(),
        "failures": breaker.failures,
        "users": sorted(breaker.users),
        "open_until": breaker.open_until.isoformat() if breaker.open_until else "",
    }
    await store.commit(COLLECTION, PARTITION, [Put(target, body, etag)])


def _pace(body: Json, max_calls_per_hour: int | None) -> Pace:
    calls: Sequence[str] = body["calls"]
    return Pace(
        calls=tuple(datetime.fromisoformat(call) for call in calls),
        not_before=datetime.fromisoformat(body.get("not_before", LONG_AGO.isoformat())),
        max_calls_per_hour=max_calls_per_hour,
    )


def _breaker(body: Json) -> Breaker:
    until = body.get("open_until")
    return Breaker(
        failures=body.get("failures", 0),
        open_until=datetime.fromisoformat(until) if until else None,
        users=frozenset(body.get("users", ())),
    )
