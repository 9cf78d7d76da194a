"""The Store port on one SQLite file, which several processes may share: the embedded default."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import aiosqlite
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random

from hasten.errors import PermanentError, TemporaryError
from hasten.ports.store import Conflict, Document, Put, Write

BUSY_TIMEOUT = timedelta(seconds=10)
"""How long a commit waits for those of other processes; each holds the file for milliseconds."""

BUSY_DELAY = timedelta(seconds=1)

SCHEMA = """
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
WHERE collection = ? AND partition = ? AND key >= ? AND key < CAST(? AS TEXT)
ORDER BY key LIMIT ?
"""
INSERT = """
INSERT INTO documents (collection, partition, key, body, etag)
VALUES (?, ?, ?, ?, hex(randomblob(8))) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE documents SET body = ?, etag = hex(randomblob(8))
WHERE collection = ? AND partition = ? AND key = ? AND etag = ?
"""
DELETE = "DELETE FROM documents WHERE collection = ? AND partition = ? AND key = ? AND etag = ?"

ABOVE_UTF8 = b"\xff"
"""Appended to a prefix: greater than any key that begins so, for UTF-8 never has this byte."""

NO_LIMIT = -1

OPERATORS_TURN = ("CANTOPEN", "READONLY", "NOTADB", "CORRUPT", "PERM", "AUTH", "FULL")
"""SQLite's codes, without SQLITE_, that last until someone sees to the file or the disk."""


class SqliteStore:
    """One connection, used by one task at a time: no read falls into a half-done commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: aiosqlite.Connection | None = None
        self._turn = asyncio.Lock()

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        async with self._connected() as connection:
            rows = await connection.execute_fetchall(GET, (collection, partition, key))
        return next((_document(row) for row in rows), None)

    async def scan(
        self, collection: str, partition: str, prefix: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        above = prefix.encode() + ABOVE_UTF8
        most = NO_LIMIT if limit is None else limit
        async with self._connected() as connection:
            rows = await connection.execute_fetchall(
                SCAN, (collection, partition, prefix, above, most)
            )
        return [_document(row) for row in rows]

    async def commit(self, collection: str, partition: str, writes: Sequence[Write]) -> None:
        async with self._connected() as connection, _transaction(connection):
            for write in writes:
                statement, values = _statement(collection, partition, write)
                async with connection.execute(statement, values) as cursor:
                    if cursor.rowcount == 0:
                        raise Conflict(write.key)

    async def close(self) -> None:
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosqlite.Connection]:
        async with self._turn:
            with _translated():
                if self._connection is None:
                    self._connection = await _connect(self._path)
                yield self._connection


async def _connect(path: Path) -> aiosqlite.Connection:
    _make_directory(path.parent)
    async for attempt in AsyncRetrying(
        retry=retry_if_exception(_is_busy),
        stop=stop_after_delay(BUSY_TIMEOUT.total_seconds()),
        wait=wait_random(0.01, 0.05),
        reraise=True,
    ):
        with attempt:  # SQLite does not wait when two processes turn a new file to WAL at once
            return await _connect_once(path)
    raise AssertionError("tenacity returns or raises")


async def _connect_once(path: Path) -> aiosqlite.Connection:
    connecting = aiosqlite.connect(path, timeout=BUSY_TIMEOUT.total_seconds(), isolation_level=None)
    connecting._thread.daemon = True  # noqa: SLF001 - else a process that forgot to close hangs at its end
    connection = await connecting
    try:
        await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        await connection.execute_fetchall(SCHEMA)
    except BaseException:
        await connection.close()
        raise
    return connection


@asynccontextmanager
async def _transaction(connection: aiosqlite.Connection) -> AsyncIterator[None]:
    """Takes the write lock first: what is compared stays true until it is written."""
    try:
        await connection.execute_fetchall("BEGIN IMMEDIATE")
        yield
        await connection.execute_fetchall("COMMIT")
    except BaseException:  # also when cancelled: the next task must not inherit the transaction
        await connection.rollback()
        raise


def _statement(collection: str, partition: str, write: Write) -> tuple[str, tuple[str, ...]]:
    at = (collection, partition, write.key)
    if not isinstance(write, Put):
        return DELETE, (*at, write.etag)
    body = json.dumps(write.body, ensure_ascii=False)
    return (INSERT, (*at, body)) if write.etag is None else (UPDATE, (body, *at, write.etag))


def _document(row: sqlite3.Row) -> Document:
    key, body, etag = row
    return Document(key, json.loads(body), etag)


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _needs_operator(type(error).__name__) from error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if _is_busy(error):
            raise TemporaryError("other processes keep the SQLite file busy", BUSY_DELAY) from error
        name = _name(error)
        if name.startswith(OPERATORS_TURN):
            raise _needs_operator(name) from error
        raise


def _needs_operator(problem: str) -> PermanentError:
    return PermanentError(
        f"the SQLite file cannot be used: {problem}",
        "check the path in HASTEN_STORE, its permissions and the space on its disk",
    )


def _is_busy(error: BaseException) -> bool:
    return _name(error).startswith(("BUSY", "LOCKED"))


def _name(error: BaseException) -> str:
    """SQLite's own code; empty for errors of the Python module."""
    return str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_")
