"""Sessions of a queue: one holder at a time, messages in order, state."""

import pytest

from emulator.servicebus.entities import QueueSettings
from emulator.servicebus.entries import (
    Entry,
    MessageNotFoundError,
    Post,
    SessionLock,
    SessionLockLostError,
    SessionRuleError,
    SessionTakenError,
)
from emulator.servicebus.queue import Queue, make_queue

LOCK = 30.0


def a_queue(*sent: tuple[str, str]) -> Queue:
    """A queue with messages given as (session, content), sent at 0."""
    queue, _ = make_queue(
        QueueSettings(name="q", requires_session=True, lock_duration=LOCK, max_delivery_count=3)
    )
    queue.send([Post(content=content, session=session) for session, content in sent], now=0)
    return queue


def take(queue: Queue, lock: SessionLock, *, now: float = 0) -> Entry:
    entry = queue.take(now=now, session=lock)
    assert entry is not None
    assert entry.lock is not None
    return entry


def accept_next(queue: Queue, *, holder: object = "me", now: float = 0) -> SessionLock:
    lock = queue.accept_next_session(holder=holder, now=now)
    assert lock is not None
    return lock


def test_a_message_without_a_session_is_refused_and_so_is_its_batch() -> None:
    queue = a_queue()

    with pytest.raises(SessionRuleError):
        queue.send([Post(content="a", session="s"), Post(content="b")], now=0)

    assert queue.counts(now=0).incoming == 0


def test_the_next_session_is_the_free_one_whose_message_waited_longest() -> None:
    queue = a_queue(("old", "1"), ("new", "2"))

    names = [accept_next(queue).session, accept_next(queue).session]

    assert names == ["old", "new"]
    assert queue.accept_next_session(holder="me", now=0) is None


def test_a_session_without_messages_is_accepted_by_name_but_not_as_the_next_one() -> None:
    queue = a_queue()

    assert queue.accept_next_session(holder="me", now=0) is None
    assert queue.accept_session("", holder="me", now=0).session == ""


def test_a_session_has_one_holder_at_a_time() -> None:
    queue = a_queue(("s", "1"))
    queue.accept_session("s", holder="me", now=0)

    with pytest.raises(SessionTakenError):
        queue.accept_session("s", holder="you", now=0)


def test_a_holder_gets_its_own_session_in_order() -> None:
    queue = a_queue(("s", "1"), ("t", "x"), ("s", "2"))
    lock = queue.accept_session("s", holder="me", now=0)

    contents = [take(queue, lock).post.content, take(queue, lock).post.content]

    assert contents == ["1", "2"]
    assert queue.take(now=0, session=lock) is None


def test_a_message_is_locked_as_long_as_its_session() -> None:
    queue = a_queue(("s", "1"))
    lock = accept_next(queue)
    entry = take(queue, lock)

    queue.renew_session(lock, now=20)

    assert entry.lock is not None
    assert entry.lock.until == 20 + LOCK
    queue.complete(entry.lock.token, now=LOCK + 5)


def test_a_released_session_is_free_at_once_and_its_delivery_does_not_count() -> None:
    queue = a_queue(("s", "1"))
    lock = accept_next(queue)
    take(queue, lock)

    queue.release_session(lock, now=1)

    again = take(queue, accept_next(queue, holder="you", now=1), now=1)
    assert again.delivery_count == 0


def test_a_session_whose_lock_expired_is_free_and_its_delivery_counts() -> None:
    queue = a_queue(("s", "1"))
    lock = accept_next(queue)
    take(queue, lock)

    assert queue.accept_next_session(holder="you", now=LOCK - 1) is None
    again = take(queue, accept_next(queue, holder="you", now=LOCK), now=LOCK)

    assert again.delivery_count == 1
    assert not queue.is_held(lock, now=LOCK)


def test_the_former_holder_can_neither_renew_nor_release_what_another_now_holds() -> None:
    queue = a_queue(("s", "1"))
    old = accept_next(queue, holder="me")
    new = accept_next(queue, holder="you", now=LOCK)

    queue.release_session(old, now=LOCK)

    assert queue.is_held(new, now=LOCK)
    with pytest.raises(SessionLockLostError):
        queue.renew_session(old, now=LOCK)
    with pytest.raises(SessionLockLostError):
        queue.session_of("s", holder="me", now=LOCK)


def test_unsettled_messages_of_a_session_return_to_their_place() -> None:
    queue = a_queue(("s", "1"), ("s", "2"), ("s", "3"))
    lock = accept_next(queue)
    take(queue, lock)
    take(queue, lock)

    queue.release_session(lock, now=1)

    lock = accept_next(queue, now=1)
    assert [take(queue, lock, now=1).post.content for _ in range(3)] == ["1", "2", "3"]


def test_state_outlives_the_messages_and_the_lock() -> None:
    queue = a_queue(("s", "1"))
    lock = accept_next(queue)
    entry = take(queue, lock)
    assert entry.lock is not None
    queue.set_session_state(lock, b"half way", now=1)
    queue.complete(entry.lock.token, now=1)
    queue.release_session(lock, now=1)

    lock = queue.accept_session("s", holder="you", now=2)

    assert queue.session_state(lock) == b"half way"
    assert queue.session_names(now=2) == ["s"]
    queue.set_session_state(lock, None, now=3)
    assert queue.session_names(now=3) == []


def test_sessions_are_listed_by_messages_or_by_when_their_state_was_set() -> None:
    queue = a_queue(("messages", "1"))
    queue.set_session_state(queue.accept_session("early", holder="me", now=5), b"", now=5)
    queue.set_session_state(queue.accept_session("late", holder="me", now=10), b"", now=10)

    assert queue.session_names(now=10) == ["early", "late", "messages"]
    assert queue.session_names(now=10, state_set_after=5) == ["late"]


def test_a_deferred_message_comes_only_to_the_holder_of_its_session() -> None:
    queue = a_queue(("s", "1"), ("t", "2"))
    mine = queue.accept_session("s", holder="me", now=0)
    other = queue.accept_session("t", holder="me", now=0)
    entry = take(queue, mine)
    assert entry.lock is not None
    queue.defer(entry.lock.token, now=0)

    with pytest.raises(MessageNotFoundError):
        queue.take_deferred([entry.sequence_number], session=other, now=0)
    assert queue.take_deferred([entry.sequence_number], session=mine, now=0) == [entry]
