"""Stores that Graph refused the subscription to users, so that Hasten asks for it less often."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.ports.store import Document, Store
from hasten.records import reading
from hasten.records.commits import delete, write
from hasten.records.fields import moment

PEOPLE_REFUSAL_COLLECTION, PEOPLE_REFUSAL_PARTITION, PEOPLE_REFUSAL_KEY = (
    "subscriptions",
    "refused",
    "users",
)

PLACE = (PEOPLE_REFUSAL_COLLECTION, PEOPLE_REFUSAL_PARTITION)

ASKED_AGAIN_AFTER = timedelta(minutes=15)
"""Maximum time until Hasten notices that an admin has granted the permission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRefusal:
    reason: str
    next_action: str
    at: datetime

    def holds(self, now: datetime) -> bool:
        return now - self.at < ASKED_AGAIN_AFTER


async def load(store: Store) -> SubscriptionRefusal | None:
    """Returns the refusal. If it cannot be read, Hasten asks again."""
    document = await store.get(*PLACE, PEOPLE_REFUSAL_KEY)
    if document is None:
        return None
    return await reading.read_or(store, *PLACE, document, _parse, safe=None)


def _parse(document: Document) -> SubscriptionRefusal:
    body = document.body
    at = moment(str(body["at"]))
    return SubscriptionRefusal(
        reason=str(body["reason"]), next_action=str(body["next_action"]), at=at
    )


async def save(store: Store, refusal: SubscriptionRefusal) -> None:
    document = await store.get(*PLACE, PEOPLE_REFUSAL_KEY)
    body = {
        "reason": refusal.reason,
        "next_action": refusal.next_action,
        "at": refusal.at.isoformat(),
    }
    await write(store, *PLACE, PEOPLE_REFUSAL_KEY, body, over=document)


async def forget(store: Store) -> None:
    await delete(store, *PLACE, PEOPLE_REFUSAL_KEY)
