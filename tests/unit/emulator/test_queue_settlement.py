"""Locks and what can be done with a locked message."""

import pytest

from emulator.servicebus.entries import (
    EntryState,
    MessageLockLostError,
    MessageNotFoundError,
    Post,
)
from tests.unit.emulator.queue_making import LOCK, a_queue, take


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


def test_a_dead_letter_carries_its_reason_and_keeps_its_number() -> None:
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
