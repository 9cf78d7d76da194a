"""A queue without sessions: order, locks, settlement, expiry, scheduling, duplicates."""

import uuid
from itertools import count
from typing import Any

import pytest

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import (
    Entry,
    EntryState,
    MessageLockLostError,
    MessageNotFoundError,
    Post,
)
from emulator.servicebus.queue import Queue, make_queue

LOCK = 30.0


def a_queue(**settings: Any) -> tuple[Queue, Queue]:
    defaults: dict[str, Any] = {"name": "q", "lock_duration": LOCK, "max_delivery_count": 3}
    return make_queue(QueueSettings(**(defaults | settings)))


def bodies(entries: list[Entry]) -> list[object]:
    return [entry.post.content for entry in entries]


def take_all(queue: Queue, *, now: float) -> list[Entry]:
    return list(iter(lambda: queue.take(now=now), None))


def take(queue: Queue, *, now: float) -> tuple[Entry, uuid.UUID]:
    entry = queue.take(now=now)
    assert entry is not None
    assert entry.lock is not None
    return entry, entry.lock.token


def test_messages_come_in_the_order_they_were_sent() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a"), Post(content="b")], now=0)
    queue.send([Post(content="c")], now=1)

    taken = take_all(queue, now=2)

    assert bodies(taken) == ["a", "b", "c"]
    assert [entry.sequence_number for entry in taken] == [1, 2, 3]


def test_a_locked_message_is_not_delivered_again_until_its_lock_expires() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    queue.take(now=0)

    assert queue.take(now=LOCK - 1) is None
    again, _ = take(queue, now=LOCK)

    assert again.delivery_count == 1


def test_a_renewed_lock_holds_from_the_renewal_on() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    _, token = take(queue, now=0)

    until = queue.renew(token, now=20)

    assert until == 20 + LOCK
    assert queue.take(now=LOCK + 1) is None
    assert queue.take(now=until) is not None


def test_a_completed_message_is_gone() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    _, token = take(queue, now=0)

    queue.complete(token, now=1)

    assert queue.take(now=100) is None


def test_an_abandoned_message_returns_to_its_place_with_a_higher_count() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a"), Post(content="b")], now=0)
    _, token = take(queue, now=0)

    queue.abandon(token, now=1)

    again, _ = take(queue, now=1)
    assert (again.post.content, again.delivery_count) == ("a", 1)


def test_a_released_message_returns_as_if_never_delivered() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    _, token = take(queue, now=0)

    queue.release(token, now=1)

    again, _ = take(queue, now=1)
    assert again.delivery_count == 0


@pytest.mark.parametrize("settle", ["complete", "release", "abandon", "defer", "renew"])
def test_settling_after_the_lock_expired_fails(settle: str) -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    _, token = take(queue, now=0)

    with pytest.raises(MessageLockLostError):
        getattr(queue, settle)(token, now=LOCK)


def test_a_message_that_fails_too_often_becomes_a_dead_letter() -> None:
    queue, dead = a_queue(max_delivery_count=2)
    queue.send([Post(content="a")], now=0)
    _, token = take(queue, now=0)
    queue.abandon(token, now=0)
    queue.take(now=0)

    queue.advance(LOCK)

    assert queue.take(now=LOCK) is None
    entry, _ = take(dead, now=LOCK)
    assert entry.dead_lettered is not None
    assert entry.dead_lettered.reason == "MaxDeliveryCountExceeded"
    assert entry.delivery_count == 2


def test_a_dead_letter_tells_its_reason_and_keeps_its_number() -> None:
    queue, dead = a_queue()
    queue.send([Post(content="a")], now=0)
    original, token = take(queue, now=0)

    queue.dead_letter(token, reason="bad", description="very", now=1)

    entry, _ = take(dead, now=1)
    assert entry.sequence_number == original.sequence_number
    assert entry.dead_lettered is not None
    assert (entry.dead_lettered.reason, entry.dead_lettered.description) == ("bad", "very")


def test_dead_letters_are_never_buried_deeper() -> None:
    queue, dead = a_queue()
    queue.send([Post(content="a")], now=0)
    _, token = take(queue, now=0)
    queue.dead_letter(token, reason=None, description=None, now=0)

    for _ in range(20):
        _, token = take(dead, now=0)
        dead.abandon(token, now=0)

    assert dead.counts(now=0).active == 1


def test_receive_and_delete_leaves_nothing_behind() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)

    entry = queue.take(now=0, delete=True)

    assert entry is not None
    assert entry.lock is None
    assert queue.counts(now=0).locked == queue.counts(now=0).active == 0


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


def test_a_deferred_message_comes_only_by_its_number() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    entry, token = take(queue, now=0)
    queue.defer(token, now=1)

    assert queue.take(now=1) is None
    (again,) = queue.take_deferred([entry.sequence_number], now=2)

    assert again.lock is not None
    assert (again.state, again.delivery_count) == (EntryState.DEFERRED, 1)
    with pytest.raises(MessageNotFoundError):
        queue.take_deferred([entry.sequence_number], now=3)


def test_an_abandoned_deferred_message_stays_deferred() -> None:
    queue, _ = a_queue()
    queue.send([Post(content="a")], now=0)
    entry, token = take(queue, now=0)
    queue.defer(token, now=0)
    (again,) = queue.take_deferred([entry.sequence_number], now=0)
    assert again.lock is not None

    queue.abandon(again.lock.token, now=0)

    assert queue.take(now=0) is None
    assert queue.counts(now=0).deferred == 1


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
