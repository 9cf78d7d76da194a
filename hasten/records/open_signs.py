"""Reads of open rows only what a list or a count needs. To parse a whole row takes much longer than
to read it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.changes import Action, Change, State
from hasten.json import Json
from hasten.ports.store import Store
from hasten.records.ledger import MAPPING
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX

TAKING_ACCESS = frozenset(str(action) for action in Action if action.takes_access)


@dataclass(frozen=True, slots=True)
class OpenSign:
    """An open row. Its times are ISO texts in UTC, which sort as the times do."""

    body: Json

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
        return MAPPING.parse(self.body)


async def open_signs(store: Store, target: str, limit: int | None = None) -> Sequence[OpenSign]:
    """Returns at most `limit` open rows of a target. Raises TemporaryError."""
    documents = await store.scan(LEDGER_COLLECTION, target, OPEN_PREFIX, limit)
    return [OpenSign(document.body) for document in documents]
