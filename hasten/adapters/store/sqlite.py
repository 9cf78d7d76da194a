"""Implements the Store port on one SQLite file, which several processes may share. It is the
embedded default."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from hasten.adapters.store.bodies import decoded
from hasten.adapters.store.one_thread import OneThread
from hasten.adapters.store.rules import check_commit, check_names
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.ports.store import Document, Put, Write

T = TypeVar("T")
Statement = tuple[str, tuple[str | None, ...]]

BUSY_TIMEOUT = timedelta(seconds=10)
"""Maximum wait of a commit for the commits of other processes, each of which holds the file for
milliseconds."""

BUSY_RETRY_DELAY = timedelta(seconds=1)

TABLE_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    partition TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (collection, partition, key)
) WITHOUT ROWID
"""
GET = "SELECT key, body, etag FROM documents WHERE collection = ? AND partition = ? AND key = ?"
SCAN = """
SELECT key, body, etag FROM documents
WHERE collection = ? AND partition = ? AND key >= ? AND key < CAST(? AS TEXT) AND key > ?
ORDER BY key LIMIT ?
"""
INSERT = """
INSERT INTO documents (collection, partition, key, body, etag)
VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE documents SET body = ?, etag = ?
WHERE collection = ? AND partition = ? AND key = ? AND etag = ?
"""
DELETE = "DELETE FROM documents WHERE collection = ? AND partition = ? AND key = ? AND etag = ?"

ABOVE_UTF8 = b"\xff"
"""Appended to a prefix, it sorts after any key with that prefix, because UTF-8 never contains this
byte."""

NO_LIMIT = -1

CODES_FOR_OPERATOR = ("CANTOPEN", "READONLY", "NOTADB", "CORRUPT", "PERM", "AUTH", "FULL")
"""SQLite's error codes, without SQLITE_, that last until someone repairs the file or the disk."""


class SqliteStore:
    """Runs everything in one thread, so that no read sees a half-done commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = OneThread("sqlite")
        self._connection: sqlite3.Connection | None = None

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_names(collection, partition, key)
        rows = await self._run(lambda c: c.execute(GET, (collection, partition, key)).fetchall())
        return next((_document(row) for row in rows), None)

    async def scan(
        self,
        collection: str,
        partition: str,
        prefix: str = "",
        limit: int | None = None,
        *,
        after: str = "",
    ) -> Sequence[Document]:
        check_names(collection, partition)
        most = NO_LIMIT if limit is None else limit
        bounds = (collection, partition, prefix, prefix.encode() + ABOVE_UTF8, after, most)
        return [_document(row) for row in await self._run(lambda c: list(c.execute(SCAN, bounds)))]

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        texts = check_commit(collection, partition, writes)
        etags = [token_hex(8) if isinstance(write, Put) else None for write in writes]
        statements = [
            _statement((collection, partition, write.key), write, etag, texts)
            for write, etag in zip(writes, etags, strict=True)
        ]
        await self._run(lambda c: _commit(c, writes, statements))
        return etags

    async def close(self) -> None:
        await self._run(lambda c: c.close())
        self._thread.close()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            with _translated():
                if self._connection is None:
                    self._connection = _connect(self._path)
                return work(self._connection)

        return await self._thread.run(run)


def _is_busy(error: BaseException) -> bool:
    return _name(error).startswith(("BUSY", "LOCKED"))


@retry(  # SQLite does not wait when two processes switch a new file to WAL at once
    retry=retry_if_exception(_is_busy),
    stop=stop_after_delay(BUSY_TIMEOUT.total_seconds()),
    wait=wait_random(0.01, 0.05),
    reraise=True,
)
def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT.total_seconds(), isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(TABLE_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _commit(
    connection: sqlite3.Connection, writes: Sequence[Write], statements: Sequence[Statement]
) -> None:
    """Takes the write lock first, so that compared etags stay true until the write."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for write, (statement, values) in zip(writes, statements, strict=True):
            if connection.execute(statement, values).rowcount == 0:
                raise Conflict(write.key)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _statement(
    at: tuple[str, str, str], write: Write, etag: str | None, texts: Mapping[str, str]
) -> Statement:
    if not isinstance(write, Put):
        return DELETE, (*at, write.etag)
    text = texts[write.key]
    if write.etag is None:
        return INSERT, (*at, text, etag)
    return UPDATE, (text, etag, *at, write.etag)


def _document(row: tuple[str, str, str]) -> Document:
    key, body, etag = row
    return Document(key, decoded(body), etag)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _needs_operator(type(error).__name__) from error
    except sqlite3.Error as error:
        if _is_busy(error):
            raise TemporaryError(
                "other processes keep the SQLite file busy", BUSY_RETRY_DELAY
            ) from error
        name = _name(error)
        if name.startswith(CODES_FOR_OPERATOR):
            raise _needs_operator(name) from error
        raise


def _needs_operator(problem: str) -> PermanentError:
    return PermanentError(
        f"the SQLite file cannot be used: {problem}",
        "check the path in HASTEN_STORE, its permissions and the space on its disk",
    )


def _name(error: BaseException) -> str:
    """Returns SQLite's own code, or "" for errors of the Python module."""
    return str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_")
