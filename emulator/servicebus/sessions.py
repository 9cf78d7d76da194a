"""Manages the sessions of a queue: the messages that wait in each, its holder and its state."""

import heapq
from dataclasses import dataclass, field

from emulator.servicebus.entries import SessionLock, SessionLockLostError, SessionTakenError


@dataclass(slots=True)
class Session:
    """One session. `ready` is a heap of the sequence numbers that can be received."""

    ready: list[int] = field(default_factory=list)
    lock: SessionLock | None = None
    state: bytes | None = None
    state_set_at: float = 0.0


class Sessions:
    """The sessions of a queue. A queue without sessions keeps all its messages in the session
    None."""

    def __init__(self) -> None:
        self._sessions: dict[str | None, Session] = {}
        self._locks: set[SessionLock] = set()

    def push(self, name: str | None, sequence_number: int) -> None:
        heapq.heappush(self._sessions.setdefault(name, Session()).ready, sequence_number)

    def pop(self, name: str | None) -> int | None:
        """Returns the lowest sequence number that is ready."""
        session = self._sessions.get(name)
        if session is None or not session.ready:
            return None
        number = heapq.heappop(session.ready)
        self._forget_if_bare(name)
        return number

    def remove(self, name: str | None, sequence_number: int) -> None:
        ready = self._sessions[name].ready
        ready.remove(sequence_number)
        heapq.heapify(ready)
        self._forget_if_bare(name)

    def next_free(self) -> str | None:
        """Returns the session that nobody holds and whose message has waited longest."""
        free = [
            (session.ready[0], name)
            for name, session in self._sessions.items()
            if name is not None and session.ready and session.lock is None
        ]
        return min(free)[1] if free else None

    def lock(self, name: str, *, holder: object, until: float) -> SessionLock:
        """Locks a session. Raises SessionTakenError."""
        session = self._sessions.setdefault(name, Session())
        if session.lock is not None:
            raise SessionTakenError(f"The session '{name}' is locked by another receiver.")
        session.lock = SessionLock(session=name, holder=holder, until=until)
        self._locks.add(session.lock)
        return session.lock

    def held(self, name: str, holder: object) -> SessionLock:
        """Returns the lock of a session. Raises SessionLockLostError unless `holder` holds it."""
        session = self._sessions.get(name)
        if session is None or session.lock is None or session.lock.holder != holder:
            raise SessionLockLostError(f"The lock on the session '{name}' has expired.")
        return session.lock

    def is_held(self, lock: SessionLock) -> bool:
        return lock in self._locks

    def unlock(self, lock: SessionLock) -> None:
        if lock in self._locks:
            self._locks.remove(lock)
            self._sessions[lock.session].lock = None
            self._forget_if_bare(lock.session)

    def expired(self, now: float) -> list[SessionLock]:
        return [lock for lock in self._locks if lock.until <= now]

    def next_expiry(self) -> float:
        return min((lock.until for lock in self._locks), default=float("inf"))

    def state(self, lock: SessionLock) -> bytes | None:
        return self._sessions[lock.session].state

    def set_state(self, lock: SessionLock, state: bytes | None, *, now: float) -> None:
        session = self._sessions[lock.session]
        session.state = state
        session.state_set_at = now

    def with_state(self, *, set_after: float) -> set[str]:
        return {
            name
            for name, session in self._sessions.items()
            if name is not None and session.state is not None and session.state_set_at > set_after
        }

    def _forget_if_bare(self, name: str | None) -> None:
        session = self._sessions[name]
        if not session.ready and session.lock is None and session.state is None:
            del self._sessions[name]
