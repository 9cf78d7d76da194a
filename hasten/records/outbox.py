"""Stores outcomes in the same commit as the row they describe, and sends them afterwards. After a
crash between the two steps the next flush sends them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.outcomes import Outcome
from hasten.errors import Conflict
from hasten.ports.bus import PROVISIONING_OUTCOMES, Bus, Message
from hasten.ports.store import MAX_WRITES, Delete, Put, Store

COLLECTION = "ledger"
PREFIX = "outbox|"


def put(outcome: Outcome) -> Put:
    """Returns the write that puts the outcome in the outbox. Publishing it twice is harmless: the
    topic drops an id that it has seen within a day."""
    return Put(PREFIX + outcome.id, outcome.event)


def message(outcome_id: str, event: object) -> Message:
    assert isinstance(event, dict)  # noqa: S101 - a document's body is an object
    return Message(
        body=event,
        message_id=outcome_id,
        content_type="application/cloudevents+json",
        subject=str(event["type"]),
        properties={"result": str(event["data"]["result"]), "target": str(event["data"]["target"])},
    )


@dataclass(frozen=True, slots=True)
class Outbox:
    store: Store
    bus: Bus

    async def flush(self, target: str) -> int:
        """Sends everything in the outbox of `target`, then deletes it. Returns how many it sent."""
        sent = 0
        is_full = True
        while is_full and (
            documents := await self.store.scan(COLLECTION, target, PREFIX, MAX_WRITES)
        ):
            is_full = len(documents) == MAX_WRITES
            await self.bus.send(
                PROVISIONING_OUTCOMES,
                [message(d.key.removeprefix(PREFIX), dict(d.body)) for d in documents],
            )
            try:
                await self.store.commit(
                    COLLECTION, target, [Delete(d.key, d.etag) for d in documents]
                )
            except Conflict:
                return sent  # another instance is sending them too
            sent += len(documents)
        return sent

    async def publish(self, outcomes: Sequence[Outcome]) -> None:
        """Sends outcomes that belong to no ledger row."""
        if outcomes:
            await self.bus.send(
                PROVISIONING_OUTCOMES, [message(o.id, dict(o.event)) for o in outcomes]
            )
