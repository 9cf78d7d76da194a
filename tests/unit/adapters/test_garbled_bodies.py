"""A document whose text is no JSON object fails no read of the other documents."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hasten.adapters.store.bodies import decoded
from hasten.adapters.store.sqlite import SqliteStore
from hasten.json import Json
from hasten.ports.store import GarbledBody, Put

TEXTS = ["", "{", '{"a": 1', "null", "7", "[]", '"text"', "\x00", "[" * 100_000]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_whoever_uses_such_a_body_gets_a_value_error(text: str) -> None:
    body = decoded(text)

    assert isinstance(body, GarbledBody)
    for use in (dict, list, len, lambda b: b["a"], lambda b: b.get("a"), lambda b: {**b}):
        with pytest.raises(ValueError, match="not a JSON object"):
            use(body)
    assert body != {}
    assert body != decoded("{} ")


def test_a_scan_returns_the_other_documents_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"

    async def scan() -> dict[str, Json]:
        store = SqliteStore(path)
        await store.commit("ledger", "T", [Put(key, {"n": key}) for key in "abc"])
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE documents SET body = '{\"n\":' WHERE key = 'b'")
        found = {d.key: d.body for d in await store.scan("ledger", "T")}
        alone = await store.get("ledger", "T", "b")
        assert alone is not None
        await store.commit("ledger", "T", [Put("b", {"n": "mended"}, alone.etag)])
        mended = await store.get("ledger", "T", "b")
        assert mended is not None
        assert mended.body == {"n": "mended"}
        await store.close()
        return found

    found = asyncio.run(scan())

    assert (found["a"], found["c"]) == ({"n": "a"}, {"n": "c"})
    assert isinstance(found["b"], GarbledBody)
