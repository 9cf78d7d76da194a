"""Stores outcomes in the same commit as the row they describe, or alone if they belong to no row.
Afterwards it sends them and writes them to the history. After a crash between the two steps the
next flush does both again."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from hasten.chunks import chunks
from hasten.domain.history import Entry, Filter
from hasten.domain.history_outcomes import entry_of
from hasten.domain.outcomes import Outcome
from hasten.errors import Conflict
from hasten.json import Json
from hasten.ports.bus import PROVISIONING_OUTCOMES, Bus, Message
from hasten.ports.store import MAX_WRITES, Delete, Document, Put, Store
from hasten.records import reading, unsent_outcomes
from hasten.records.commits import commit_all
from hasten.records.history import History
from hasten.records.ledger_keys import LEDGER_COLLECTION, OUTBOX_PREFIX

MAX_ENTRIES = 100


def put(outcome: Outcome) -> Put:
    """Returns the write that puts the outcome in the outbox. Publishing it twice is harmless: the
    topic drops an id that it has seen within a day."""
    return Put(OUTBOX_PREFIX + outcome.id, outcome.event)


def message(outcome_id: str, event: Json) -> Message:
    return Message(
        body=dict(event),
        message_id=outcome_id,
        content_type="application/cloudevents+json",
        subject=str(event["type"]),
        properties={"result": str(event["data"]["result"]), "target": str(event["data"]["target"])},
    )


@dataclass(slots=True)
class Unsent:
    """The outcomes in the outbox of one target that a worker knows and has not sent."""

    documents: list[Document] = field(default_factory=list)

    def take(self) -> list[Document]:
        taken, self.documents = self.documents, []
        return taken

    def add(self, documents: Sequence[Document]) -> None:
        self.documents += documents


@dataclass(frozen=True, slots=True)
class Outbox:
    store: Store
    bus: Bus
    history: History

    async def flush(self, target: str) -> int:
        """Sends everything in the outbox of `target`, then deletes it. Returns how many it sent."""
        sent, after = 0, ""
        while documents := await self.store.scan(
            LEDGER_COLLECTION, target, OUTBOX_PREFIX, MAX_WRITES, after=after
        ):
            deletes = await self.send(target, Unsent([*documents]))
            if not await self._delete(LEDGER_COLLECTION, target, deletes):
                return sent
            sent, after = sent + len(deletes), documents[-1].key
            if len(documents) < MAX_WRITES:
                break
        return sent

    async def deliver(self, target: str, unsent: Unsent) -> bool:
        """Sends outcomes of `target`, then deletes them. Returns False if another worker sent them
        too."""
        return await self._delete(LEDGER_COLLECTION, target, await self.send(target, unsent))

    async def newest(self, target: str, matches: Filter) -> Sequence[Entry]:
        """Returns the entries of outcomes of `target` that match: of those in the outbox, which may
        not be in the history yet, and the newest of the history, at most MAX_ENTRIES."""
        place = (LEDGER_COLLECTION, target)
        read = await reading.scanned(self.store, *place, _read, OUTBOX_PREFIX)
        unsent = [entry for _, entry in read if matches.matches(entry)]
        return [*unsent, *(await self.history.newest(MAX_ENTRIES, matches=matches)).entries]

    async def send(self, target: str, unsent: Unsent) -> list[Delete]:
        """Sends the outcomes, writes them to the history and takes them out of `unsent`. Returns
        the writes that delete them from the outbox. One that cannot be read stays there."""
        return await self._send_all(LEDGER_COLLECTION, target, unsent)

    async def _send_all(self, collection: str, partition: str, unsent: Unsent) -> list[Delete]:
        documents = unsent.take()
        sent: list[Document] = []
        try:
            for some in chunks(documents, MAX_WRITES):
                found = await reading.readable(self.store, collection, partition, some, _read)
                await self._send(
                    [message for _, (message, _) in found],
                    self.history.append([entry for _, (_, entry) in found]),
                )
                sent += [document for document, _ in found]
        except BaseException:
            unsent.add(documents)
            raise
        return [Delete(document.key, document.etag) for document in sent]

    async def publish(self, outcomes: Sequence[Outcome]) -> None:
        """Sends outcomes that belong to no ledger row, and writes them to the history. It stores
        them first, so that after a crash, or an error of Service Bus or of the store,
        `flush_published` does the rest, even if the caller does not come to the same outcome
        again. Raises TemporaryError of the store and of Service Bus."""
        if outcomes:
            await unsent_outcomes.add(self.store, outcomes)
            await self.flush_published()

    async def flush_published(self) -> None:
        """Sends what `publish` stored, whoever stored it, then deletes it."""
        after = ""
        place = (
            unsent_outcomes.UNSENT_OUTCOMES_COLLECTION,
            unsent_outcomes.UNSENT_OUTCOMES_PARTITION,
        )
        while documents := await unsent_outcomes.some(self.store, MAX_WRITES, after):
            deletes = await self._send_all(*place, Unsent([*documents]))
            if not await self._delete(*place, deletes) or len(documents) < MAX_WRITES:
                return
            after = documents[-1].key

    async def _delete(self, collection: str, partition: str, deletes: Sequence[Delete]) -> bool:
        """Returns False if another worker sent and deleted them too."""
        try:
            await commit_all(self.store, collection, partition, deletes)
        except Conflict:
            return False
        return True

    async def _send(self, messages: Sequence[Message], append: Coroutine[Any, Any, None]) -> None:
        """Sends and appends side by side: neither waits for the other, and a failure of one does
        not keep the other from being done. Raises the error of either."""
        if not messages:
            append.close()
            return
        sending = self.bus.send(PROVISIONING_OUTCOMES, messages)
        for error in await asyncio.gather(sending, append, return_exceptions=True):
            if error is not None:
                raise error


def _read(document: Document) -> tuple[Message, Entry]:
    event = document.body
    return message(document.key.removeprefix(OUTBOX_PREFIX), event), entry_of(event)
