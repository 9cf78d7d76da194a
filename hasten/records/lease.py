"""Implements the lease of a target, which decides who works for the target. Workers take, renew and
release it by compare-and-set."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hasten.errors import Conflict, TemporaryError
from hasten.ports.clock import Now
from hasten.ports.directory_errors import NotYet
from hasten.ports.store import MAX_WRITES, Delete, Put, Store, Write
from hasten.records.lease_record import (
    BEAT_FRESH_FOR,
    BEAT_INTERVAL,
    BEAT_SILENT_AFTER,
    LeaseRecord,
    WokenBy,
    WorkKind,
    body_of,
    key_of,
    read,
)
from hasten.records.ledger_keys import LEDGER_COLLECTION

MAX_LOST_RACES = 8


class Displaced(Exception):  # noqa: N818 - says what happened
    """Another worker took the lease: this one must not act any more."""


@dataclass(slots=True)
class Lease:
    """A lease that one worker holds until it releases it or another worker displaces it."""

    store: Store
    target: str
    kind: WorkKind
    record: LeaseRecord
    etag: str | None
    now: Now
    by: WokenBy

    marked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as this process knows of a mark."""

    deletes: list[Delete] = field(default_factory=list)
    """Documents of the target's partition that are no longer needed. The next commits delete them;
    after a crash they are still there."""

    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def key(self) -> str:
        return key_of(self.kind)

    async def commit(self, writes: Sequence[Write] = ()) -> Sequence[str | None]:
        """Makes `writes` to the partition of the lease, only while this worker holds it; the
        commit is a beat as well. Returns the new etags of `writes`.

        Raises Displaced, and Conflict when one of `writes` lost a race.
        """
        return await self._commit(writes)

    async def _commit(
        self, writes: Sequence[Write], *, takes_mark: bool = False
    ) -> Sequence[str | None]:
        async with self._writing:
            for _ in range(MAX_LOST_RACES):
                if takes_mark:
                    self.record = replace(self.record, is_marked=False)
                record = self._alive()
                try:
                    self.etag, *etags = await self._put(record, writes)
                except Conflict as conflict:
                    if conflict.key != self.key:
                        raise
                    await self._reread()
                    continue
                self.record = replace(
                    self.record,
                    beat_at=record.beat_at,
                    came_at=record.came_at,
                    stood_in_at=record.stood_in_at,
                )
                return etags
        raise Conflict(self.key)

    async def beat(self) -> None:
        """Raises Displaced."""
        if self.now() - self.record.beat_at >= BEAT_INTERVAL:
            await self.commit()

    @asynccontextmanager
    async def writing(self, keys: Sequence[str] = ()) -> AsyncIterator[None]:
        """Wraps one write to Entra ID for these intents. Raises Displaced before it. If the result
        of the write is not known, the intents are looked at again after LONGEST_WRITE."""
        self.record = replace(self.record, writing=tuple(keys))
        await self.commit()
        try:
            yield
        except NotYet:
            self.record = replace(self.record, writing=())
            raise
        except TemporaryError:
            self.record = self.record.without_end(self.now())
            raise
        except Exception:
            self.record = replace(self.record, writing=())
            raise
        self.record = replace(self.record, writing=())

    def seen_again(self, keys: Collection[str]) -> None:
        """Removes the intents from those with an unknown result, because Hasten is about to carry
        them out once more."""
        unsure = {key: at for key, at in self.record.unsure.items() if key not in keys}
        self.record = replace(self.record, unsure=unsure)

    async def take_mark(self) -> None:
        """Removes the mark from the store. Call it before the work is read: that read answers the
        mark, and a wake that comes later leaves a new one. Raises Displaced."""
        self.marked.clear()
        if self.record.is_marked:
            await self._commit((), takes_mark=True)

    async def release(self, *, although_marked: bool = False) -> bool:
        """Releases the lease. Returns False if it found a mark: the lease is still held, and
        there is work to read. Raises Displaced, and TemporaryError that lasts until the lease is
        silent."""
        async with self._writing:
            for _ in range(MAX_LOST_RACES):
                if self.record.is_marked and not although_marked:
                    return False
                free = replace(self._alive(), owner="", is_marked=False)
                try:
                    [self.etag] = await self._put(free)
                except Conflict:
                    await self._reread()
                    continue
                except TemporaryError as error:
                    raise _outlasting(error) from error
                return True
        raise Conflict(self.key)

    def _alive(self) -> LeaseRecord:
        """Returns the record with a beat. A message that came while a timer works shows that the
        trigger lives, so the timer leaves no later sign of its own."""
        now = self.now()
        alive = replace(self.record, beat_at=now)
        if self.by is WokenBy.STAND_IN and not self.record.is_stood_in_for:
            return alive
        return _signed(alive, self.by, now)

    async def _put(self, record: LeaseRecord, writes: Sequence[Write] = ()) -> Sequence[str | None]:
        """Returns the etags of the lease and of `writes`."""
        given = [Put(self.key, body_of(record), self.etag), *writes]
        deletes = self.deletes[: MAX_WRITES - len(given)]
        try:
            etags = await self.store.commit(LEDGER_COLLECTION, self.target, [*given, *deletes])
        except Conflict as conflict:
            if conflict.key not in {delete.key for delete in deletes}:
                raise
            self.deletes = self.deletes[len(deletes) :]  # another worker deletes them
            return await self._put(record, writes)
        self.deletes = self.deletes[len(deletes) :]
        return etags[: len(given)]

    async def _reread(self) -> None:
        """Reads the lease after somebody else wrote it: a wake that left a mark, or a worker that
        took over."""
        document = await self.store.get(LEDGER_COLLECTION, self.target, self.key)
        found = await read(self.store, self.target, self.kind, document)
        if document is None or found.owner != self.record.owner:
            raise Displaced
        self.etag = document.etag
        self.record = replace(self.record, is_marked=found.is_marked, came_at=found.came_at)
        if found.is_marked:
            self.marked.set()


async def acquire(
    store: Store,
    target: str,
    kind: WorkKind,
    *,
    owner: str,
    now: Now,
    by: WokenBy = WokenBy.MESSAGE,
) -> Lease | None:
    """Takes a lease that is free, or whose holder is silent. Returns None if the holder lives: the
    holder finds a mark, and reads its work again before it releases the lease.

    Raises TemporaryError while it is unknown whether the holder lives, and UnreadableRowError if
    the lease of an ensure cannot be read.
    """
    for _ in range(MAX_LOST_RACES):
        document = await store.get(LEDGER_COLLECTION, target, key_of(kind))
        known, at = await read(store, target, kind, document), now()
        lease = Lease(store, target, kind, known, document.etag if document else None, now, by)
        if known.owner == owner:
            return lease  # the answer to the commit was lost
        is_free = not known.owner or known.is_silent(at)
        if is_free:
            ended = known.without_end(at)
            taken = LeaseRecord(
                owner=owner,
                epoch=known.epoch + 1,
                beat_at=at,
                came_at=known.came_at,
                stood_in_at=known.stood_in_at,
                unsure=ended.unsure,
            )
            taken = _signed(taken, by, at)
        elif at - known.beat_at > BEAT_FRESH_FOR:
            raise TemporaryError(
                "the worker of the target may have stopped",
                known.beat_at + BEAT_SILENT_AFTER + BEAT_INTERVAL - at,
            )
        elif known.is_marked:
            return None
        else:
            is_message = by is WokenBy.MESSAGE
            taken = replace(known, is_marked=True, came_at=at if is_message else known.came_at)
        try:
            lease.record, [lease.etag] = taken, await lease._put(taken)  # noqa: SLF001 - ours
        except Conflict:
            continue
        except TemporaryError as error:
            if is_free:
                raise _outlasting(error) from error
            raise
        return lease if is_free else None
    raise TemporaryError("other workers of the target were faster", timedelta(seconds=1))


def _signed(record: LeaseRecord, by: WokenBy, now: datetime) -> LeaseRecord:
    """Returns the record with the sign of life that the worker leaves."""
    if by is WokenBy.MESSAGE:
        return replace(record, came_at=now)
    return replace(record, stood_in_at=now) if by is WokenBy.STAND_IN else record


def _outlasting(error: TemporaryError) -> TemporaryError:
    """Returns an error whose delay outlasts a lease that may have been written. Its holder has
    ended, so a worker that comes sooner would leave a mark that nobody reads."""
    return TemporaryError(error.reason, max(error.delay, BEAT_SILENT_AFTER + BEAT_INTERVAL))
