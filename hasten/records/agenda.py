"""Keeps messages for a later time in the store, and posts each when it is due.

So no queue has messages that stay scheduled for long, and an operator can list, drop or post a
single message. An alarm wakes a worker when a message is due; every minute a timer posts the due
messages for which no alarm came.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hasten.chunks import chunks
from hasten.errors import Conflict, TemporaryError, WrongInputError
from hasten.json import Json
from hasten.ports.bus import Bus, Message
from hasten.ports.clock import Now
from hasten.ports.store import Delete, Document, Put, Store, Write
from hasten.records import reading
from hasten.records.alarms import AGENDA_COLLECTION, Alarms
from hasten.records.commits import commit_unchanged, try_commit

ENTRY_PREFIX = "at|"
KEY_TIME = "%Y%m%dT%H%M%S%f"

ENTRIES_PER_COMMIT = 10
"""Ten of the largest events fit into one commit (Azure Tables takes 4 MiB)."""

POSTED_AT_ONCE = 20
MAX_LOST_RACES = 20
SEPARATOR = b"\n"
MAX_PACKED_CHARS = 200 * 1024
"""Characters: a document takes 256 KiB, and the longest description of an event 50."""


@dataclass(frozen=True, slots=True)
class AgendaEntry:
    """A message that waits for its time. `about` says what it brings about, for an operator; it is
    empty for Hasten's own messages."""

    key: str
    etag: str
    due: datetime
    message: Message
    about: Json


@dataclass(slots=True)
class Agenda:
    """A Bus that keeps messages with a time in the store until then."""

    store: Store
    bus: Bus
    now: Now
    _alarms: Alarms = field(init=False)
    _kept: dict[str, datetime] = field(default_factory=dict)
    """Messages that this process has saved, by key, until they are due. The same message again
    changes nothing."""

    def __post_init__(self) -> None:
        self._alarms = Alarms(self.store, self.bus, self.now)

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        """Sends the messages, and keeps those that have a time. Raises TemporaryError and
        PermanentError of the store or of Service Bus."""
        now = self.now()
        later = [message for message in messages if message.at is not None and message.at > now]
        ready = [message for message in messages if message.at is None or message.at <= now]
        if ready:
            await self.bus.send(queue, [replace(message, at=None) for message in ready])
        for some in chunks(later, ENTRIES_PER_COMMIT):
            await self._keep(queue, some)
        if later:
            await self._alarms.set(queue, min(message.at for message in later if message.at))

    async def close(self) -> None:
        await self.bus.close()

    def carried(self) -> Mapping[str, str]:
        return self.bus.carried()

    async def post_due(self, queue: str, until: datetime) -> int:
        """Posts the messages that are due by `until`, then removes them. After a crash in between
        they are posted twice, which has no further effect. Sets an alarm for what comes next. A
        message that cannot be read stays, and so does one that Service Bus takes no more; neither
        stops the others. Returns how many it posted.

        Raises TemporaryError and PermanentError of the store or of Service Bus.
        """
        posted, after = 0, ""
        refusals: list[WrongInputError] = []
        while True:
            documents = await self.store.scan(
                AGENDA_COLLECTION, queue, ENTRY_PREFIX, POSTED_AT_ONCE, after=after
            )
            found = await reading.readable(self.store, AGENDA_COLLECTION, queue, documents, _entry)
            entries = [entry for _, entry in found]
            due = [entry for entry in entries if entry.due <= until]
            if due:
                sent = await self._sent(queue, due, refusals)
                deletes = [Delete(entry.key, entry.etag) for entry in sent]
                await commit_unchanged(self.store, AGENDA_COLLECTION, queue, deletes)
                posted += len(sent)
            if len(due) < len(entries):
                await self._alarms.set(queue, entries[len(due)].due)
            if len(due) < len(entries) or len(documents) < POSTED_AT_ONCE:
                if refusals:
                    raise refusals[0]
                return posted
            after = documents[-1].key

    async def ahead(self, queue: str) -> list[AgendaEntry]:
        """Returns all messages that wait, the earliest first."""
        return await reading.scanned(self.store, AGENDA_COLLECTION, queue, _entry, ENTRY_PREFIX)

    async def remove(self, queue: str, entry: AgendaEntry, records: Sequence[Put] = ()) -> bool:
        """Removes the entry and writes the records, or does neither. A record that is there already
        stays as it is. Returns whether the entry was still there."""
        for _ in range(MAX_LOST_RACES):
            known = [await self.store.get(AGENDA_COLLECTION, queue, put.key) for put in records]
            new = [put for put, old in zip(records, known, strict=True) if old is None]
            try:
                await self.store.commit(
                    AGENDA_COLLECTION, queue, [Delete(entry.key, entry.etag), *new]
                )
            except Conflict as conflict:
                if conflict.key == entry.key:
                    return False
            else:
                return True
        raise TemporaryError("other operators decide too", timedelta(seconds=1))

    async def replace(self, queue: str, entries: Sequence[AgendaEntry], message: Message) -> bool:
        """Keeps the message, which has a time, in place of the entries. Returns whether all of them
        were still there."""
        writes: list[Write] = [Delete(entry.key, entry.etag) for entry in entries]
        writes.append(_put(message))
        return await try_commit(self.store, AGENDA_COLLECTION, queue, writes)

    async def _sent(
        self, queue: str, due: Sequence[AgendaEntry], refusals: list[WrongInputError]
    ) -> Sequence[AgendaEntry]:
        """Returns the entries that Service Bus has taken; one by one if it refuses any of them."""
        try:
            await self.bus.send(queue, [entry.message for entry in due])
        except WrongInputError as error:
            if len(due) == 1:
                refusals.append(error)
                return []
            return [entry for one in due for entry in await self._sent(queue, [one], refusals)]
        return due

    async def _keep(self, queue: str, messages: Sequence[Message]) -> None:
        now, trace = self.now(), self.carried()
        messages = [replace(message, trace=trace) for message in messages]
        self._kept = {key: due for key, due in self._kept.items() if due > now}
        puts = {put.key: put for put in map(_put, messages) if put.key not in self._kept}
        for _ in range(MAX_LOST_RACES):
            if not puts:
                break
            try:
                await self.store.commit(AGENDA_COLLECTION, queue, list(puts.values()))
            except Conflict as conflict:
                if await self.store.get(AGENDA_COLLECTION, queue, conflict.key) is not None:
                    del puts[conflict.key]  # another worker keeps the same message
            else:
                break
        else:
            raise TemporaryError("other workers keep messages too", timedelta(seconds=1))
        self._kept.update({put.key: _due(put.key) for put in map(_put, messages)})


def _put(message: Message) -> Put:
    assert message.at is not None  # noqa: S101 - only those are kept
    key = f"{ENTRY_PREFIX}{message.at.astimezone(UTC).strftime(KEY_TIME)}|{message.message_id}"
    return Put(key, {"message": _packed(message), "about": dict(message.about)})


def _packed(message: Message) -> str:
    """Returns the message in fewer characters than it has bytes, unless it is no text. Raises
    WrongInputError if it is too large for a document."""
    header = {
        "body": None if message.raw is not None else message.body,
        "message_id": message.message_id,
        "content_type": message.content_type,
        "subject": message.subject,
        "properties": dict(message.properties),
        "trace": dict(message.trace),
    }
    whole = json.dumps(header).encode() + SEPARATOR + (message.raw or b"")
    packed = base64.b64encode(zlib.compress(whole)).decode()
    if len(packed) > MAX_PACKED_CHARS:
        raise WrongInputError(
            f"a message of {len(whole)} bytes is too large to wait in the store",
            "post an event in several smaller ones",
        )
    return packed


def _entry(document: Document) -> AgendaEntry:
    whole = zlib.decompress(base64.b64decode(document.body["message"]))
    header, _, raw = whole.partition(SEPARATOR)
    sent = json.loads(header)
    message = Message(
        body=sent["body"] or {},
        raw=None if sent["body"] is not None else raw,
        message_id=sent["message_id"],
        content_type=sent["content_type"],
        subject=sent["subject"],
        properties=sent["properties"],
        trace=sent["trace"],
    )
    about = document.body["about"]
    return AgendaEntry(document.key, document.etag, _due(document.key), message, about)


def _due(key: str) -> datetime:
    time, _, _ = key.removeprefix(ENTRY_PREFIX).partition("|")
    return datetime.strptime(time, KEY_TIME).replace(tzinfo=UTC)
