"""Outcomes that are written in the same commit as the row they tell of, and sent afterwards: a
crash between the two sends them later, never not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.outcomes import Outcome
from hasten.errors import Conflict
from hasten.ports.bus import PROVISIONING_OUTCOMES, Bus, Message
from hasten.ports.store import MAX_WRITES, Delete, Put, Store

COLLECTION = "ledger"
PREFIX = "outbox|"


def letter(outcome: Outcome) -> Put:
    """The write that puts it in the outbox. Telling the same thing again later is harmless: the
    topic drops an id it has seen within a day."""
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
        """Sends what lies in the outbox of `target`, then forgets it; how many."""
        sent = 0
        is_full = True
        while is_full and (
            letters := await self.store.scan(COLLECTION, target, PREFIX, MAX_WRITES)
        ):
            is_full = len(letters) == MAX_WRITES
            await self.bus.send(
                PROVISIONING_OUTCOMES,
                [message(d.key.removeprefix(PREFIX), dict(d.body)) for d in letters],
            )
            try:
                await self.store.commit(
                    COLLECTION, target, [Delete(d.key, d.etag) for d in letters]
                )
            except Conflict:
                return sent  # another instance is sending them too
            sent += len(letters)
        return sent

    async def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Sends outcomes that no row stands for."""
        if outcomes:
            await self.bus.send(
                PROVISIONING_OUTCOMES, [message(o.id, dict(o.event)) for o in outcomes]
            )
