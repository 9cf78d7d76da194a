"""Defines what a queue contains: entries, their locks, and the errors for invalid requests. Times
are seconds since the epoch."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

Properties = Mapping[str, Any]
"""Application properties of a message."""


class QueueError(Exception):
    """The queue refuses a request."""


class MessageLockLostError(QueueError):
    pass


class MessageNotFoundError(QueueError):
    pass


class SessionLockLostError(QueueError):
    pass


class SessionTakenError(QueueError):
    pass


class SessionRuleError(QueueError):
    """The request names a session although the queue has none, or lacks a required session."""


class EntryState(IntEnum):
    """The state of an entry. Clients see these numbers in `x-opt-message-state`."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message as its sender posted it. The queue never reads `content`."""

    content: Any
    message_id: str | None = None
    session: str | None = None
    time_to_live: float = float("inf")
    scheduled_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLettered:
    """Why a message is in the dead-letter queue, and from which entity it came."""

    source: str
    reason: str | None
    description: str | None


@dataclass(slots=True, kw_only=True, eq=False)
class SessionLock:
    """The lock of a session. Only `holder`, which accepted the session, may act on it."""

    session: str
    holder: object
    until: float


@dataclass(slots=True, kw_only=True)
class Lock:
    """The lock of a message. In a session, a message is locked as long as the session is."""

    token: uuid.UUID
    session: SessionLock | None
    own_until: float

    @property
    def until(self) -> float:
        return self.session.until if self.session else self.own_until


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    sequence_number: int
    post: Post
    enqueued_at: float
    expires_at: float
    state: EntryState = EntryState.ACTIVE
    delivery_count: int = 0
    lock: Lock | None = None
    dead_lettered: DeadLettered | None = None
    modified: dict[str, Any] = field(default_factory=dict)
    """Application properties set at settlement; they override the sender's."""

    def modify(self, properties: Properties) -> None:
        self.modified = {**self.modified, **properties}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Counts of a queue. `active` can be received now; `incoming` counts all messages ever
    accepted."""

    active: int = 0
    scheduled: int = 0
    locked: int = 0
    deferred: int = 0
    incoming: int = 0


@dataclass(slots=True)
class DuplicateHistory:
    """Message ids seen within the window, oldest first."""

    window: float | None
    _seen: dict[str, float] = field(default_factory=dict)

    def admits(self, message_id: str | None, *, now: float) -> bool:
        """Returns whether this id is the first within the window, and remembers it if so."""
        if self.window is None or message_id is None:
            return True
        while self._seen and self._seen[oldest := next(iter(self._seen))] <= now - self.window:
            del self._seen[oldest]
        if message_id in self._seen:
            return False
        self._seen[message_id] = now
        return True
