"""Describes how rows of one kind are stored, and what takes the place of a row that cannot be
read."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hasten.json import Json
from hasten.ports.store import Document, Write
from hasten.records.unreadable import UnreadableRow

ASIDE_PREFIX = "aside|"
"""Key prefix of rows whose place is taken by a document that cannot be read."""

T = TypeVar("T")

Stored = tuple[dict[str, Document], T | None]
"""The documents of a row by key prefix, and the row. More than one document means that something
other than Hasten wrote one, or that the row had to be written aside."""

Decide = Callable[[T | None, T], T | None]
"""(stored, given) → the row to store, or None to leave it unchanged."""

Read = Callable[[T], Awaitable[Stored[T]]]
"""Returns what is stored of a row, or what was stored a moment ago: etags detect any change."""

Commit = Callable[[Sequence[Write]], Awaitable[Sequence[str | None]]]
"""Commits writes of one partition, with others that the caller adds. Returns the etags of the
writes given. Raises Conflict."""


ROWS_PER_COMMIT = 20
"""Rows written per commit, unless they are large. A row takes at most five writes and a commit
takes 100; fewer rows lose fewer races."""


@dataclass(frozen=True, slots=True)
class RowMapping(Generic[T]):
    """Describes how rows of one kind are stored. `partition`, `key_prefix` and `name` place a row,
    which has one of `key_prefixes` at a time. `also_write(stored before, stored now)` adds writes
    to the same commit.

    `stand_in(bad, name)` returns the row that readers get in place of one that cannot be read, or
    None. It must hold whatever the row may be about. It is never written. With `keeps_aside`, a row
    whose place is taken by such a document is written under ASIDE_PREFIX; otherwise it is not
    written.
    """

    collection: str
    key_prefixes: Sequence[str]
    partition: Callable[[T], str]
    key_prefix: Callable[[T], str]
    name: Callable[[T], str]
    body: Callable[[T], Json]
    parse: Callable[[Json], T]
    also_write: Callable[[T | None, T], Sequence[Write]] = lambda _before, _now: ()
    stand_in: Callable[[UnreadableRow, str], T | None] = lambda _bad, _name: None
    keeps_aside: bool = False
    rows_per_commit: int = ROWS_PER_COMMIT

    def checked(self, partition: str, document: Document) -> T:
        """Returns the row. Raises any exception if it cannot be read, and ValueError if it is about
        something else than its place says."""
        row = self.parse(document.body)
        keys = [prefix + self.name(row) for prefix in (*self.key_prefixes, ASIDE_PREFIX)]
        if document.key not in keys or self.partition(row) != partition:
            raise ValueError("the body does not belong to this key")
        return row

    def in_place_of(self, bad: UnreadableRow) -> T | None:
        """Returns the stand-in of a row that cannot be read, None if its key does not say what it
        is about."""
        prefix = max((p for p in self.key_prefixes if bad.key.startswith(p)), key=len, default="")
        name = bad.key.removeprefix(prefix)
        row = self.stand_in(bad, name)
        return row if row is not None and self.name(row) == name else None
