"""A topic: every subscription gets its own copy."""

import pytest

from emulator.servicebus.entities import QueueSettings, TopicSettings
from emulator.servicebus.entries import Post, SessionRuleError
from emulator.servicebus.queue import Queue, make_queue
from emulator.servicebus.topic import Topic


def a_topic(*, duplicate_window: float | None = None) -> tuple[Topic, list[Queue]]:
    settings = (QueueSettings(name="a"), QueueSettings(name="b", requires_session=True))
    queues = [make_queue(item)[0] for item in settings]
    topic = TopicSettings(name="t", subscriptions=settings, duplicate_window=duplicate_window)
    return Topic(topic, queues), queues


def active(queues: list[Queue], *, now: float) -> list[int]:
    return [queue.counts(now=now).active for queue in queues]


def test_every_subscription_gets_a_copy_of_its_own() -> None:
    topic, queues = a_topic()
    topic.send([Post(content="x", session="s")], now=0)
    topic.advance(0)

    queues[0].take(now=0, delete=True)

    assert active(queues, now=0) == [0, 1]


def test_a_scheduled_message_is_copied_when_it_is_due() -> None:
    topic, queues = a_topic()
    topic.send([Post(content="x", session="s", scheduled_at=10)], now=0)

    topic.advance(9)
    assert active(queues, now=9) == [0, 0]
    assert topic.next_event() == 10
    topic.advance(10)

    assert active(queues, now=10) == [1, 1]


def test_a_scheduled_message_can_be_cancelled() -> None:
    topic, queues = a_topic()
    numbers = topic.send([Post(content="x", session="s", scheduled_at=10)], now=0)

    topic.cancel(numbers, now=5)
    topic.advance(20)

    assert active(queues, now=20) == [0, 0]


def test_a_duplicate_is_copied_to_no_subscription() -> None:
    topic, queues = a_topic(duplicate_window=60)
    for now in (0, 1):
        topic.send([Post(content="x", session="s", message_id="m")], now=now)
        topic.advance(now)

    assert active(queues, now=1) == [1, 1]


def test_a_message_that_a_subscription_cannot_take_is_refused_for_all() -> None:
    topic, queues = a_topic()

    with pytest.raises(SessionRuleError, match="b"):
        topic.send([Post(content="x")], now=0)

    topic.advance(0)
    assert active(queues, now=0) == [0, 0]
