"""Builds the messages that the webhook queues for the notifications that it believes. Equal looks
of one bucket of time are one message."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hasten.domain.changes import FoundBy
from hasten.domain.notifications import Hint, Lifecycle
from hasten.messages import Look, SubscriptionEvent
from hasten.people_look import looks_at_people
from hasten.ports.bus import Message

LOOK_BUCKET = timedelta(seconds=2)
"""Service Bus drops equal looks of one bucket. A last look at its end finds the changes whose
messages it dropped."""


def looks(hints: Iterable[Hint], now: datetime) -> list[Message]:
    """Returns a look for each hint. Its content names the message, so a replay within the bucket is
    one message and a different change is another. A look that runs before the end of its bucket
    runs once more at that end (watch/look)."""
    return [
        Look(
            group=hint.group,
            noticed_at=now,
            found_by=FoundBy.NOTIFICATION,
            added=hint.added,
            removed=hint.removed,
        ).message(f"{hint.group}:{bucket_number(now)}:{_digest(hint)}")
        for hint in hints
    ]


def people_looks(users: Iterable[str], now: datetime) -> list[Message]:
    """Returns a look for each batch of users. Equal looks of one bucket are one message. A look
    that finds a change before the end of its bucket runs once more at that end (watch/people)."""
    return [
        look.message(f"people:{bucket_number(now)}:{_short('+'.join(sorted(look.users)))}")
        for look in looks_at_people(users, found_by=FoundBy.NOTIFICATION, now=now)
    ]


def lifecycle_messages(events: Iterable[Lifecycle]) -> list[Message]:
    """Returns one message for each lifecycle event. Its content names the message, so Service Bus
    drops a replay."""
    return [
        SubscriptionEvent(subscription=event.subscription, event=event.event).message(
            f"{event.subscription}:{event.event}"
        )
        for event in dict.fromkeys(events)
    ]


def bucket_number(at: datetime) -> int:
    return int(at.timestamp() // LOOK_BUCKET.total_seconds())


def bucket_end(at: datetime) -> datetime:
    """Returns the end of the bucket in which `at` lies."""
    return datetime.fromtimestamp((bucket_number(at) + 1) * LOOK_BUCKET.total_seconds(), UTC)


def _digest(hint: Hint) -> str:
    return _short("+".join(sorted(hint.added)) + "-" + "-".join(sorted(hint.removed)))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
