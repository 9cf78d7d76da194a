"""Marks in the ledger which rows have failed, so that nobody has to read the whole ledger. A mark
is only a hint: the row may have been mended since."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.domain.changes import Change, State
from hasten.ports.store import Delete, Document, Put, Store
from hasten.records import reading
from hasten.records.commits import commit_unchanged
from hasten.records.fields import moment
from hasten.records.history_keys import END_OF_TIME, EPOCH
from hasten.records.ledger_keys import FAILED_PREFIX, LEDGER_COLLECTION, NOT_TAKEN_PREFIX

MARKS_PER_READ = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    group: str
    user: str
    at: datetime
    is_removal: bool
    mark: Delete
    """The write that deletes the mark."""

    def is_of(self, row: Change) -> bool:
        """Returns whether the row still fails: as a grant it may fail since its removal did."""
        return row.state is State.FAILED and row.is_removal is self.is_removal


def put(change: Change, at: datetime) -> Put:
    """Returns the write that marks a row that failed at `at`."""
    prefix = NOT_TAKEN_PREFIX if change.is_removal else FAILED_PREFIX
    key = f"{prefix}{_backwards(at)}|{change.group}|{change.user}"
    return Put(key, {"group": change.group, "user": change.user, "at": at.isoformat()})


async def since(
    store: Store, target: str, time: datetime, limit: int | None = None
) -> Sequence[Failure]:
    """Returns the last failure of at most `limit` rows: removals whenever they failed, and then the
    others since `time`, the newest of each first. It does not read the older ones. Raises
    TemporaryError."""
    found: dict[tuple[bool, str, str], Failure] = {}
    after = ""
    while limit is None or len(found) < limit:
        documents = await store.scan(
            LEDGER_COLLECTION, target, FAILED_PREFIX, MARKS_PER_READ, after=after
        )
        read = await reading.readable(store, LEDGER_COLLECTION, target, documents, _parse)
        newer = [one for _, one in read if one.is_removal or one.at > time]
        for one in newer:
            found.setdefault((one.is_removal, one.group, one.user), one)
        if len(newer) < len(read) or len(documents) < MARKS_PER_READ:
            break
        after = documents[-1].key
    return list(found.values())[:limit]


async def forget_mended(
    store: Store, target: str, read: Iterable[tuple[Failure, Change | None]]
) -> None:
    """Deletes the marks of rows that have been mended: they would hide the others from a reader
    of few. `read` has the row of each mark, read after it. Raises TemporaryError."""
    mended = [
        one.mark for one, row in read if row is None or not (one.is_of(row) or row.is_unreadable)
    ]
    await commit_unchanged(store, LEDGER_COLLECTION, target, mended)


async def forget_old(store: Store, target: str, before: datetime) -> None:
    """Deletes older marks, and those of removals that have failed again since. Raises
    TemporaryError."""
    documents = await store.scan(LEDGER_COLLECTION, target, FAILED_PREFIX)
    read = await reading.readable(store, LEDGER_COLLECTION, target, documents, _parse)
    old: list[Delete] = []
    last: set[tuple[str, str]] = set()  # the newest marks are read first
    for _, one in read:
        name = (one.group, one.user)
        if one.at < before or (one.is_removal and name in last):
            old.append(one.mark)
        last.add(name)
    await commit_unchanged(store, LEDGER_COLLECTION, target, old)


def _backwards(at: datetime) -> str:
    return f"{END_OF_TIME - (at - EPOCH) // timedelta(microseconds=1):016}"


def _parse(document: Document) -> Failure:
    body = document.body
    return Failure(
        group=str(body["group"]),
        user=str(body["user"]),
        at=moment(body["at"]),
        is_removal=document.key.startswith(NOT_TAKEN_PREFIX),
        mark=Delete(document.key, document.etag),
    )
