"""Forgets what ended long ago: the ledger is a record of months, not an archive."""

from dataclasses import dataclass
from datetime import timedelta

from hasten.ports.clock import Now
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.records import discovered as registry
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.people import People

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tidying:
    store: Store
    ledger: Ledger
    intents: Intents
    people: People
    emit: Emit
    now: Now

    async def tidy(self) -> None:
        """Reads all of history: once a day, at night."""
        before = self.now() - KEPT
        for found in await registry.load_all(self.store):
            changes = await self.ledger.forget(found.target, before)
            intents = await self.intents.forget(found.target, before)
            people = await self.people.forget(found.target, before)
            about = {
                "target": found.target,
                "changes": changes,
                "intents": intents,
                "people": people,
            }
            self.emit(Event("history", "forgotten", about))
