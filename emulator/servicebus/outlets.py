"""Serves the consumers that wait for a queue's messages and sessions, whenever something changed or
is due."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from emulator.servicebus.entries import Entry, Post, SessionLock
from emulator.servicebus.queue import Queue
from emulator.servicebus.topic import Topic
from emulator.servicebus.turns import Turns


class Consumer(Protocol):
    session: SessionLock | None
    deletes: bool

    @property
    def ready(self) -> bool: ...

    def deliver(self, entry: Entry) -> None: ...

    def session_lost(self) -> None: ...


class SessionWaiter(Protocol):
    holder: object

    def accepted(self, lock: SessionLock) -> None: ...


class Inlet(Protocol):
    """An entity that accepts messages: a queue or a topic."""

    def send(self, posts: Sequence[Post]) -> list[int]: ...

    def cancel(self, numbers: Sequence[int]) -> None: ...


class Outlet:
    """An entity that delivers messages: a queue, a subscription, or the dead letters of either."""

    def __init__(
        self, queue: Queue, *, dead_letters: "Outlet | None", clock: Callable[[], float]
    ) -> None:
        self.queue = queue
        self.clock = clock
        self.dead_letters = dead_letters
        self.turns = Turns(self._serve, clock=clock)
        self._consumers: deque[Consumer] = deque()
        self._waiters: deque[SessionWaiter] = deque()

    def send(self, posts: Sequence[Post]) -> list[int]:
        numbers = self.queue.send(posts, now=self.clock())
        self.turns.soon()
        return numbers

    def cancel(self, numbers: Sequence[int]) -> None:
        self.queue.cancel(numbers, now=self.clock())

    def join(self, consumer: Consumer) -> None:
        self._consumers.append(consumer)

    def leave(self, consumer: Consumer) -> None:
        if consumer in self._consumers:
            self._consumers.remove(consumer)

    def wait(self, waiter: SessionWaiter) -> None:
        """Registers a waiter, which gets the next free session that has a message."""
        self._waiters.append(waiter)
        self.turns.soon()

    def give_up(self, waiter: SessionWaiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def _serve(self, now: float) -> float:
        self.queue.advance(now)
        for consumer in list(self._consumers):
            if consumer.session and not self.queue.is_held(consumer.session, now=now):
                self._consumers.remove(consumer)
                consumer.session_lost()
        while self._waiters:
            lock = self.queue.accept_next_session(holder=self._waiters[0].holder, now=now)
            if lock is None:
                break
            self._waiters.popleft().accepted(lock)
        self._deliver(now)
        if self.dead_letters is not None:
            self.dead_letters.turns.soon()
        return self.queue.next_event()

    def _deliver(self, now: float) -> None:
        """Gives each consumer one message in turn, until none can get one."""
        idle = 0
        while idle < len(self._consumers):
            consumer = self._consumers[0]
            self._consumers.rotate(-1)
            entry = (
                self.queue.take(now=now, session=consumer.session, delete=consumer.deletes)
                if consumer.ready
                else None
            )
            if entry is None:
                idle += 1
            else:
                idle = 0
                consumer.deliver(entry)


class TopicInlet:
    def __init__(
        self, topic: Topic, outlets: Sequence[Outlet], *, clock: Callable[[], float]
    ) -> None:
        self._topic = topic
        self._outlets = outlets
        self._clock = clock
        self.turns = Turns(self._spread, clock=clock)

    def send(self, posts: Sequence[Post]) -> list[int]:
        numbers = self._topic.send(posts, now=self._clock())
        self.turns.soon()
        return numbers

    def cancel(self, numbers: Sequence[int]) -> None:
        self._topic.cancel(numbers, now=self._clock())

    def advance(self, now: float) -> None:
        self._topic.advance(now)

    def _spread(self, now: float) -> float:
        self.advance(now)
        for outlet in self._outlets:
            outlet.turns.soon()
        return self._topic.next_event()
