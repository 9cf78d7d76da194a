"""The Store port on one SQLite file, which several processes may share."""

import asyncio
import json
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from hasten.adapters.store.rules import (
    after,
    check_collection,
    check_commit,
    check_name,
    encoded,
)
from hasten.ports.store import Conflict, Delete, Document, Write

T = TypeVar("T")

BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process to finish its write."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    partition TEXT NOT NULL,
    key TEXT NOT NULL,
    etag TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (collection, partition, key)
) WITHOUT ROWID
"""

OF_KEY = "collection = ? AND partition = ? AND key = ?"


class SqliteStore:
    """All statements run in one thread: a transaction is never interleaved with another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        check_collection(collection)
        check_name(partition)
        check_name(key)

        def read(connection: sqlite3.Connection) -> Document | None:
            row = connection.execute(
                f"SELECT key, body, etag FROM documents WHERE {OF_KEY}",  # noqa: S608 - a constant
                (collection, partition, key),
            ).fetchone()
            return _document(row) if row else None

        return await self._run(read)

    async def scan(
        self, collection: str, partition: str, prefix: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        check_collection(collection)
        check_name(partition)
        bound, bounds = (
            ("AND key >= ? AND key < ?", (prefix, after(prefix))) if prefix else ("", ())
        )

        def read(connection: sqlite3.Connection) -> Sequence[Document]:
            rows = connection.execute(
                "SELECT key, body, etag FROM documents WHERE collection = ? AND partition = ? "  # noqa: S608 - constants
                f"{bound} ORDER BY key LIMIT ?",
                (collection, partition, *bounds, -1 if limit is None else limit),
            )
            return [_document(row) for row in rows]

        return await self._run(read)

    async def commit(self, collection: str, partition: str, writes: Sequence[Write]) -> None:
        check_commit(collection, partition, writes)

        def write_all(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")  # readers of the etags are writers already
            try:
                for write in writes:
                    _write(connection, (collection, partition, write.key), write)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

        await self._run(write_all)

    async def close(self) -> None:
        def close(connection: sqlite3.Connection) -> None:
            connection.close()

        await self._run(close)
        self._connection = None
        self._thread.shutdown()

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def run() -> T:
            self._connection = self._connection or _connect(self._path)
            return work(self._connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    # After a power cut the newest commits may be missing, but never one without those before it.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(SCHEMA)
    return connection


def _write(connection: sqlite3.Connection, name: tuple[str, str, str], write: Write) -> None:
    found = connection.execute(f"SELECT etag FROM documents WHERE {OF_KEY}", name).fetchone()  # noqa: S608 - a constant
    if (found[0] if found else None) != write.etag:
        raise Conflict(write.key)
    if isinstance(write, Delete):
        connection.execute(f"DELETE FROM documents WHERE {OF_KEY}", name)  # noqa: S608 - a constant
    else:
        connection.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?)",
            (*name, uuid.uuid4().hex, encoded(write.body)),
        )


def _document(row: tuple[str, str, str]) -> Document:
    key, body, etag = row
    return Document(key, json.loads(body), etag)
