"""A queue without sessions: order, expiry, scheduling, peeking, duplicates."""

import uuid
from itertools import count

import pytest

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import (
    MessageNotFoundError,
    Post,
)
from emulator.servicebus.queue import Queue
from tests.unit.emulator.queue_making import a_queue, bodies, take, take_all


def test_messages_come_in_the_order_they_were_sent() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a"), Post(content="b")], now=0)
    queue.send([Post(content="c")], now=1)

    taken = take_all(queue, now=2)

    assert bodies(taken) == ["a", "b", "c"]
    assert [entry.sequence_number for entry in taken] == [1, 2, 3]


@pytest.mark.parametrize(
    ("own", "default", "expiry"), [(5, float("inf"), 5), (50, 10, 10), (float("inf"), 7, 7)]
)
def test_the_shorter_time_to_live_counts(own: float, default: float, expiry: float) -> None:
    queue, dead = a_queue(time_to_live=default, dead_letter_expired=True)
    queue.send([Post(content="a", time_to_live=own)], now=0)

    assert queue.counts(now=expiry - 1).active == 1
    assert queue.counts(now=expiry).active == 0
    entry, _ = take(dead, now=expiry)
    assert entry.dead_lettered is not None
    assert entry.dead_lettered.reason == "TTLExpiredException"


def test_expired_messages_vanish_where_dead_lettering_is_off() -> None:
    queue, dead = a_queue()
    queue.send([Post(content="a", time_to_live=5)], now=0)

    queue.advance(5)

    assert queue.take(now=5) is dead.take(now=5) is None


def test_a_message_does_not_expire_while_it_is_locked() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a", time_to_live=5)], now=0)
    _, token = take(queue, now=4)

    queue.complete(token, now=10)

    assert queue.counts(now=10).locked == 0


def test_a_scheduled_message_comes_when_it_is_due_and_not_before() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="later", scheduled_at=10)], now=0)
    queue.send([Post(content="now")], now=5)

    assert bodies(take_all(queue, now=9)) == ["now"]
    assert queue.next_event() == 10
    entry, _ = take(queue, now=12)

    assert (entry.post.content, entry.enqueued_at) == ("later", 10)
    assert entry.sequence_number == 3


def test_the_time_to_live_of_a_scheduled_message_begins_when_it_is_due() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a", scheduled_at=10, time_to_live=5)], now=0)

    assert queue.counts(now=14).active == 1
    assert queue.counts(now=15).active == 0


def test_a_cancelled_message_never_comes_and_cannot_be_cancelled_twice() -> None:
    queue, _ = a_queue()
    numbers = queue.send([Post(content="a", scheduled_at=10)], now=0)

    queue.cancel(numbers, now=5)

    assert queue.take(now=20) is None
    with pytest.raises(MessageNotFoundError):
        queue.cancel(numbers, now=5)


def test_a_message_already_due_cannot_be_cancelled() -> None:
    queue, _ = a_queue()
    numbers = queue.send([Post(content="a", scheduled_at=10)], now=0)

    with pytest.raises(MessageNotFoundError):
        queue.cancel(numbers, now=10)


def test_peeking_sees_every_state_and_changes_nothing() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="locked"), Post(content="active")], now=0)
    queue.send([Post(content="scheduled", scheduled_at=10)], now=0)
    queue.take(now=0)
    before = queue.counts(now=0)

    seen = queue.peek(start=1, limit=10, now=0)

    assert bodies(seen) == ["locked", "active", "scheduled"]
    assert bodies(queue.peek(start=2, limit=1, now=0)) == ["active"]
    assert queue.counts(now=0) == before


def test_the_same_message_id_within_the_window_is_accepted_and_dropped() -> None:
    queue, _ = a_queue(duplicate_window=60)
    queue.send([Post(content="first", message_id="m")], now=0)
    queue.send([Post(content="again", message_id="m"), Post(content="b", message_id="n")], now=59)
    queue.send([Post(content="anonymous")] * 2, now=59)

    taken = bodies(take_all(queue, now=59))

    assert taken == ["first", "b", "anonymous", "anonymous"]
    assert queue.counts(now=59).incoming == 4


def test_the_same_message_id_after_the_window_is_a_new_message() -> None:
    queue, _ = a_queue(duplicate_window=60)
    queue.send([Post(content="first", message_id="m")], now=0)

    queue.send([Post(content="second", message_id="m")], now=60)

    assert bodies(take_all(queue, now=60)) == ["first", "second"]


def test_duplicates_are_dropped_when_scheduled_and_even_after_completion() -> None:
    queue, _ = a_queue(duplicate_window=60)
    queue.send([Post(content="a", message_id="m", scheduled_at=10)], now=0)
    queue.send([Post(content="b", message_id="m", scheduled_at=20)], now=1)
    _, token = take(queue, now=10)
    queue.complete(token, now=10)
    queue.send([Post(content="c", message_id="m")], now=30)

    assert queue.take(now=40) is None


def test_lock_tokens_come_from_the_given_source() -> None:
    numbers = count()
    queue = Queue(QueueSettings(name="q"), new_token=lambda: uuid.UUID(int=next(numbers)))
    queue.send([Post(content="a"), Post(content="b")], now=0)

    tokens = [entry.lock.token.int for entry in take_all(queue, now=0) if entry.lock]

    assert tokens == [0, 1]
