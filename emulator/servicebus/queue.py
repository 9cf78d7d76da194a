"""Implements the behaviour of a Service Bus queue, without protocol and without clock.

Every call gets the current time in seconds since the epoch, and first processes everything that is
due by then.
"""

import heapq
import uuid
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import (
    Counts,
    Entry,
    EntryState,
    MessageLockLostError,
    MessageNotFoundError,
    Post,
    Properties,
    SessionLock,
    SessionLockLostError,
    SessionRuleError,
)
from emulator.servicebus.shelf import DEAD_LETTER_SUFFIX, FOREVER, Shelf

NOTHING: Properties = MappingProxyType({})


class Queue(Shelf):
    _incoming = 0

    def send(self, posts: Sequence[Post], *, now: float) -> list[int]:
        """Accepts all posts or none. A duplicate is accepted and dropped; its number refers to no
        message. Raises SessionRuleError."""
        self.advance(now)
        if self.settings.requires_session and any(post.session is None for post in posts):
            raise SessionRuleError("The queue requires sessions; the message has no session id.")
        return [self._accept(post, now=now) for post in posts]

    def _accept(self, post: Post, *, now: float) -> int:
        number = next(self._numbers)
        if not self._duplicates.admits(post.message_id, now=now):
            return number
        self._incoming += 1
        if post.scheduled_at is None or post.scheduled_at <= now:
            self._enqueue(number, post, now=now)
        else:
            self._keep(
                Entry(
                    sequence_number=number,
                    post=post,
                    enqueued_at=now,
                    expires_at=FOREVER,
                    state=EntryState.SCHEDULED,
                )
            )
        return number

    def cancel(self, numbers: Sequence[int], *, now: float) -> None:
        """Cancels scheduled messages, all or none. Raises MessageNotFoundError."""
        self.advance(now)
        for number in numbers:
            self._entry(number, EntryState.SCHEDULED)
        for number in numbers:
            self._entries.pop(number, None)

    def take(
        self, *, now: float, session: SessionLock | None = None, delete: bool = False
    ) -> Entry | None:
        """Returns the next message, locked, or (`delete`) removed from the queue."""
        self.advance(now)
        number = self._sessions.pop(session.session if session else None)
        if number is None:
            return None
        return self._hand_out(self._entries[number], session=session, delete=delete, now=now)

    def take_deferred(
        self,
        numbers: Sequence[int],
        *,
        now: float,
        session: SessionLock | None = None,
        delete: bool = False,
    ) -> list[Entry]:
        """Returns deferred messages, all or none. Raises MessageNotFoundError."""
        self.advance(now)
        entries = [self._entry(number, EntryState.DEFERRED) for number in dict.fromkeys(numbers)]
        name = session.session if session else None
        if any(entry.lock or self._session_name(entry) != name for entry in entries):
            raise MessageNotFoundError("A deferred message is locked or in another session.")
        return [self._hand_out(entry, session=session, delete=delete, now=now) for entry in entries]

    def _hand_out(
        self, entry: Entry, *, session: SessionLock | None, delete: bool, now: float
    ) -> Entry:
        if delete:
            del self._entries[entry.sequence_number]
        else:
            self._lock(entry, session=session, now=now)
        return entry

    def _entry(self, number: int, state: EntryState) -> Entry:
        entry = self._entries.get(number)
        if entry is None or entry.state is not state:
            raise MessageNotFoundError(f"There is no {state.name.lower()} message {number}.")
        return entry

    def peek(
        self, *, start: int, limit: int, now: float, session: str | None = None
    ) -> list[Entry]:
        """Returns messages in any state, by sequence number."""
        self.advance(now)
        numbers = (
            number
            for number, entry in self._entries.items()
            if number >= start and (session is None or entry.post.session == session)
        )
        return [self._entries[number] for number in heapq.nsmallest(limit, numbers)]

    # The methods that settle a message raise MessageLockLostError.

    def complete(self, token: uuid.UUID, *, now: float) -> None:
        self.advance(now)
        del self._entries[self._unlock(token).sequence_number]

    def release(self, token: uuid.UUID, *, now: float) -> None:
        """Returns the message to the queue as if it had never been delivered."""
        self.advance(now)
        self._keep(self._unlock(token))

    def abandon(self, token: uuid.UUID, *, now: float, properties: Properties = NOTHING) -> None:
        """Returns the message to the queue. `properties` are set on the message, as in `defer` and
        `dead_letter`."""
        self.advance(now)
        entry = self._unlock(token)
        entry.modify(properties)
        self._fail_delivery(entry)

    def defer(self, token: uuid.UUID, *, now: float, properties: Properties = NOTHING) -> None:
        self.advance(now)
        entry = self._unlock(token)
        entry.modify(properties)
        entry.delivery_count += 1
        entry.state = EntryState.DEFERRED
        self._keep(entry)

    def dead_letter(
        self,
        token: uuid.UUID,
        *,
        reason: str | None,
        description: str | None,
        now: float,
        properties: Properties = NOTHING,
    ) -> None:
        self.advance(now)
        entry = self._unlock(token)
        entry.modify(properties)
        self._bury(entry, reason=reason, description=description)

    def renew(self, token: uuid.UUID, *, now: float) -> float:
        """Renews the lock of a message and returns its new end."""
        self.advance(now)
        entry = self._locked.get(token)
        if entry is None or entry.lock is None:
            raise MessageLockLostError("The lock on the message has expired.")
        if entry.lock.session is None:
            entry.lock.own_until = now + self.settings.lock_duration
            self._set_timer(entry)
        return entry.lock.until

    def accept_session(self, name: str, *, holder: object, now: float) -> SessionLock:
        """Accepts a session, even one without messages. Raises SessionTakenError."""
        self.advance(now)
        return self._sessions.lock(name, holder=holder, until=now + self.settings.lock_duration)

    def accept_next_session(self, *, holder: object, now: float) -> SessionLock | None:
        """Accepts the free session whose message has waited longest. Returns None if no message
        waits."""
        self.advance(now)
        name = self._sessions.next_free()
        return None if name is None else self.accept_session(name, holder=holder, now=now)

    def release_session(self, lock: SessionLock, *, now: float) -> None:
        """Releases a session. Unsettled messages return to the queue, and their delivery does not
        count."""
        self.advance(now)
        for entry in self._unlock_session(lock):
            self._keep(entry)
        self._sessions.unlock(lock)

    def session_of(self, name: str, *, holder: object, now: float) -> SessionLock:
        """Returns the lock of a session. Raises SessionLockLostError unless `holder` holds it."""
        self.advance(now)
        return self._sessions.held(name, holder)

    def is_held(self, lock: SessionLock, *, now: float) -> bool:
        self.advance(now)
        return self._sessions.is_held(lock)

    def renew_session(self, lock: SessionLock, *, now: float) -> float:
        """Renews the lock of a session and returns its new end. Raises SessionLockLostError."""
        if not self.is_held(lock, now=now):
            raise SessionLockLostError(f"The lock on the session '{lock.session}' has expired.")
        lock.until = now + self.settings.lock_duration
        return lock.until

    def session_state(self, lock: SessionLock) -> bytes | None:
        return self._sessions.state(lock)

    def set_session_state(self, lock: SessionLock, state: bytes | None, *, now: float) -> None:
        self._sessions.set_state(lock, state, now=now)

    def session_names(self, *, now: float, state_set_after: float | None = None) -> list[str]:
        """Returns the sessions with messages or state, or those whose state was set after a
        time."""
        self.advance(now)
        if state_set_after is not None:
            return sorted(self._sessions.with_state(set_after=state_set_after))
        active = {
            entry.post.session
            for entry in self._entries.values()
            if entry.state is EntryState.ACTIVE and entry.post.session is not None
        }
        return sorted(active | self._sessions.with_state(set_after=0))

    def counts(self, *, now: float) -> Counts:
        self.advance(now)
        free = [entry.state for entry in self._entries.values() if entry.lock is None]
        return Counts(
            active=free.count(EntryState.ACTIVE),
            scheduled=free.count(EntryState.SCHEDULED),
            deferred=free.count(EntryState.DEFERRED),
            locked=len(self._locked),
            incoming=self._incoming,
        )


def make_queue(settings: QueueSettings) -> tuple[Queue, Queue]:
    """Returns a queue and its dead-letter queue."""
    dead = Queue(
        replace(
            settings,
            name=settings.name + DEAD_LETTER_SUFFIX,
            requires_session=False,
            duplicate_window=None,
            max_delivery_count=None,
            time_to_live=FOREVER,
        )
    )
    return Queue(settings, dead_letters=dead), dead
