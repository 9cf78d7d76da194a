"""What the scaler sees of a queue: ten messages from its head."""

import pytest

from emulator.servicebus.entries import Post
from emulator.servicebus.queue import Queue
from emulator.servicebus.scaling import ScaleVote, Vote, scale_vote
from tests.unit.emulator.queue_making import a_queue, take

NOW, LATER = 1000.0, 9000.0

SCHEDULED, ACTIVE = Post(content="s", scheduled_at=LATER), Post(content="a")

WORK, NOTHING = ScaleVote(1, Vote.NONE), ScaleVote(0, Vote.SCALE_IN)


def queue_of(*posts: Post) -> Queue:
    queue, _ = a_queue()
    queue.send(posts, now=NOW)
    return queue


@pytest.mark.parametrize(
    ("posts", "seen"),
    [
        ([], NOTHING),
        ([ACTIVE], WORK),
        ([ACTIVE] * 30, WORK),
        ([SCHEDULED] * 9 + [ACTIVE], WORK),
        ([SCHEDULED] * 10 + [ACTIVE], NOTHING),
        ([SCHEDULED] * 12 + [ACTIVE] * 50, NOTHING),
        ([ACTIVE] + [SCHEDULED] * 12, WORK),
    ],
    ids=lambda value: None if isinstance(value, list) else value.vote,
)
def test_ten_scheduled_messages_hide_the_work_behind_them(
    posts: list[Post], seen: ScaleVote
) -> None:
    assert scale_vote(queue_of(*posts), now=NOW) == seen


def test_a_locked_message_counts() -> None:
    queue = queue_of(ACTIVE)
    take(queue, now=NOW)

    assert scale_vote(queue, now=NOW) == WORK


def test_deferred_messages_hide_work_as_scheduled_ones_do() -> None:
    queue = queue_of(*[ACTIVE] * 11)
    for _ in range(10):
        _, token = take(queue, now=NOW)
        queue.defer(token, now=NOW)

    assert scale_vote(queue, now=NOW) == NOTHING


def test_a_scheduled_message_counts_once_it_is_due() -> None:
    queue = queue_of(*[SCHEDULED] * 10)

    assert scale_vote(queue, now=LATER) == WORK
