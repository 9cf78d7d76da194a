"""Emulates the scaler of Azure Functions for a queue whose messages it may not count. Without the
right Manage it peeks ten messages from the head of the queue. Scheduled or deferred messages do not
count, but they take places among the ten."""

from dataclasses import dataclass
from enum import StrEnum

from emulator.servicebus.entries import EntryState
from emulator.servicebus.queue import Queue

PEEKED = 10


class Vote(StrEnum):
    SCALE_IN = "scale in"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ScaleVote:
    """The scaler's vote. `messages` is 1 if an active message is among those peeked, else 0."""

    messages: int
    vote: Vote


def scale_vote(queue: Queue, *, now: float) -> ScaleVote:
    """Returns the vote for a scaler that sees this state in all its samples. A locked message is
    active."""
    head = queue.peek(start=0, limit=PEEKED, now=now)
    if any(entry.state is EntryState.ACTIVE for entry in head):
        return ScaleVote(1, Vote.NONE)
    return ScaleVote(0, Vote.SCALE_IN)
