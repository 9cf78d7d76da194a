"""Implements the life of the messages in a queue: stored, locked, returned, expired,
dead-lettered."""

import heapq
import uuid
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import (
    DeadLettered,
    DuplicateHistory,
    Entry,
    EntryState,
    Lock,
    MessageLockLostError,
    Post,
    SessionLock,
)
from emulator.servicebus.sessions import Sessions

FOREVER = float("inf")
DEAD_LETTER_SUFFIX = "/$DeadLetterQueue"


class Shelf:
    """The messages of a queue. A dead letter keeps its sequence number."""

    def __init__(
        self,
        settings: QueueSettings,
        *,
        new_token: Callable[[], uuid.UUID] = uuid.uuid4,
        dead_letters: "Shelf | None" = None,
    ) -> None:
        self.settings = settings
        self._dead_letters = dead_letters
        self._new_token = new_token
        self._numbers = count(1)
        self._entries: dict[int, Entry] = {}
        self._locked: dict[uuid.UUID, Entry] = {}
        self._sessions = Sessions()
        self._duplicates = DuplicateHistory(settings.duplicate_window)
        # (when, sequence number); stale entries are skipped when they are due.
        self._timers: list[tuple[float, int]] = []

    def advance(self, now: float) -> None:
        """Processes everything that is due by `now`."""
        for lock in self._sessions.expired(now):
            for entry in self._unlock_session(lock):
                self._fail_delivery(entry)
            self._sessions.unlock(lock)
        while self._timers and self._timers[0][0] <= now:
            _, number = heapq.heappop(self._timers)
            known = self._entries.get(number)
            if known is not None and _due_at(known) <= now:
                self._due(known)

    def next_event(self) -> float:
        """Returns the earliest time at which `advance` may have something to do."""
        timer = self._timers[0][0] if self._timers else FOREVER
        return min(timer, self._sessions.next_expiry())

    def _due(self, entry: Entry) -> None:
        if entry.state is EntryState.SCHEDULED:
            # The message joins the end of the queue; Azure gives it a new number, too.
            del self._entries[entry.sequence_number]
            self._enqueue(next(self._numbers), entry.post, now=_due_at(entry))
        elif entry.lock is not None:
            self._fail_delivery(self._unlock(entry.lock.token))
        else:
            if entry.state is EntryState.ACTIVE:
                self._sessions.remove(self._session_name(entry), entry.sequence_number)
            self._expire(entry)

    def _enqueue(self, number: int, post: Post, *, now: float) -> None:
        time_to_live = min(post.time_to_live, self.settings.time_to_live)
        self._keep(
            Entry(sequence_number=number, post=post, enqueued_at=now, expires_at=now + time_to_live)
        )

    def _keep(self, entry: Entry) -> None:
        self._entries[entry.sequence_number] = entry
        if entry.state is EntryState.ACTIVE:
            self._sessions.push(self._session_name(entry), entry.sequence_number)
        self._set_timer(entry)

    def _lock(self, entry: Entry, *, session: SessionLock | None, now: float) -> None:
        own_until = FOREVER if session else now + self.settings.lock_duration
        entry.lock = Lock(token=self._new_token(), session=session, own_until=own_until)
        self._locked[entry.lock.token] = entry
        self._set_timer(entry)

    def _unlock(self, token: uuid.UUID) -> Entry:
        entry = self._locked.pop(token, None)
        if entry is None:
            raise MessageLockLostError("The lock on the message has expired.")
        entry.lock = None
        return entry

    def _unlock_session(self, lock: SessionLock) -> list[Entry]:
        tokens = [
            token
            for token, entry in self._locked.items()
            if entry.lock is not None and entry.lock.session is lock
        ]
        return [self._unlock(token) for token in tokens]

    def _fail_delivery(self, entry: Entry) -> None:
        entry.delivery_count += 1
        limit = self.settings.max_delivery_count
        if limit is not None and entry.delivery_count >= limit:
            self._bury(
                entry,
                reason="MaxDeliveryCountExceeded",
                description=f"The message was delivered {limit} times and never completed.",
            )
        else:
            self._keep(entry)

    def _expire(self, entry: Entry) -> None:
        if self.settings.dead_letter_expired:
            self._bury(
                entry,
                reason="TTLExpiredException",
                description="The message outlived its time to live.",
            )
        else:
            del self._entries[entry.sequence_number]

    def _bury(self, entry: Entry, *, reason: str | None, description: str | None) -> None:
        if self._dead_letters is None:
            self._keep(entry)  # already a dead letter
            return
        del self._entries[entry.sequence_number]
        self._dead_letters._keep(  # noqa: SLF001 - the same class
            replace(
                entry,
                state=EntryState.ACTIVE,
                expires_at=FOREVER,
                dead_lettered=DeadLettered(
                    source=self.settings.name, reason=reason, description=description
                ),
            )
        )

    def _set_timer(self, entry: Entry) -> None:
        when = _due_at(entry)
        if when < FOREVER:
            heapq.heappush(self._timers, (when, entry.sequence_number))

    def _session_name(self, entry: Entry) -> str | None:
        return entry.post.session if self.settings.requires_session else None


def _due_at(entry: Entry) -> float:
    if entry.state is EntryState.SCHEDULED:
        return entry.post.scheduled_at or 0.0
    return entry.lock.own_until if entry.lock else entry.expires_at
