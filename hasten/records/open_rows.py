"""Reads only those fields of open rows that a list or a count needs, because parsing a whole row
takes much longer than reading it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.changes import Action, Change, State
from hasten.json import Json
from hasten.ports.store import Document, Store
from hasten.records import unreadable
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from hasten.records.ledger_rows import MAPPING
from hasten.records.reading import parsed
from hasten.records.unreadable import UnreadableRow

TAKING_ACCESS = frozenset(str(action) for action in Action if action.takes_access)
ACTIONS, STATES = frozenset(map(str, Action)), frozenset(map(str, State))
TEXTS = ("user", "group", "noticed_at", "found_at")


@dataclass(frozen=True, slots=True)
class OpenRow:
    """An open row. Its times are ISO texts in UTC, which sort as the times do. A row that cannot be
    read shows its stand-in, which is held."""

    body: Json
    stand_in: Change | None = None

    @property
    def user(self) -> str:
        return str(self.body["user"])

    @property
    def group(self) -> str:
        return str(self.body["group"])

    @property
    def state(self) -> str:
        return str(self.body["state"])

    @property
    def is_held(self) -> bool:
        return self.state == State.HELD

    @property
    def is_removal(self) -> bool:
        return self.body["action"] in TAKING_ACCESS

    @property
    def noticed_at(self) -> str:
        return str(self.body["noticed_at"])

    @property
    def found_at(self) -> str:
        return str(self.body["found_at"])

    def row(self) -> Change:
        return self.stand_in or MAPPING.parse(self.body)


async def open_rows(store: Store, target: str, limit: int | None = None) -> Sequence[OpenRow]:
    """Returns at most `limit` open rows of a target. Raises TemporaryError."""
    documents = await store.scan(LEDGER_COLLECTION, target, OPEN_PREFIX, limit)
    read = [parsed(LEDGER_COLLECTION, target, document, _row) for document in documents]
    bad = [row for row in read if isinstance(row, UnreadableRow)]
    await unreadable.note(store, bad)
    rows = [_in_place_of(row) if isinstance(row, UnreadableRow) else row for row in read]
    return [row for row in rows if row is not None]


def _row(document: Document) -> OpenRow:
    """Reads what the list needs. Raises ValueError and TypeError."""
    body = document.body
    if body["state"] not in STATES or body["action"] not in ACTIONS:
        raise ValueError("its state or its action is unknown")
    if not all(isinstance(body[name], str) for name in TEXTS):
        raise ValueError("an id or a time is no text")
    if document.key != f"{OPEN_PREFIX}{body['group']}|{body['user']}":
        raise ValueError("the body does not belong to this key")
    return OpenRow(body)


def _in_place_of(bad: UnreadableRow) -> OpenRow | None:
    row = MAPPING.in_place_of(bad)
    return OpenRow(MAPPING.body(row), row) if row is not None else None
