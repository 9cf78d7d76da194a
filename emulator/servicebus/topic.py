"""Implements a topic, which copies each message to all its subscriptions."""

from collections.abc import Sequence

from emulator.servicebus.entities import QueueSettings, TopicSettings
from emulator.servicebus.entries import Post, SessionRuleError
from emulator.servicebus.queue import Queue


class Topic:
    """A topic. Its own queue drops duplicates and holds scheduled messages, before any copy is
    made."""

    def __init__(self, settings: TopicSettings, subscriptions: Sequence[Queue]) -> None:
        self.settings = settings
        self._subscriptions = subscriptions
        self._inbox = Queue(
            QueueSettings(name=settings.name, duplicate_window=settings.duplicate_window)
        )

    def send(self, posts: Sequence[Post], *, now: float) -> list[int]:
        """Accepts all posts or none. Raises SessionRuleError."""
        for queue in self._subscriptions:
            if queue.settings.requires_session and any(post.session is None for post in posts):
                raise SessionRuleError(
                    f"The subscription {queue.settings.name} requires sessions; "
                    "the message has no session id."
                )
        return self._inbox.send(posts, now=now)

    def cancel(self, numbers: Sequence[int], *, now: float) -> None:
        """Cancels scheduled messages. Raises MessageNotFoundError."""
        self._inbox.cancel(numbers, now=now)

    def advance(self, now: float) -> None:
        """Copies arrived and due scheduled messages to the subscriptions."""
        while entry := self._inbox.take(now=now, delete=True):
            for queue in self._subscriptions:
                queue.send([entry.post], now=now)

    def next_event(self) -> float:
        return self._inbox.next_event()
