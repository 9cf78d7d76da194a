"""Every request to Graph with its answer: bounded in memory, whole in a file of JSON lines."""

import json
import re
from collections import Counter, deque
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO

Json = dict[str, Any]

KEPT = 10_000
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_JOB = re.compile(r"(?<=/jobs/)[^/]+")


class Journal:
    """`record` is written with the answers too; in memory only the requests are kept."""

    def __init__(self, record: Path | None) -> None:
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self.by_path: Counter[str] = Counter()
        self._record = record
        self._file: TextIO | None = None

    @property
    def wants_answers(self) -> bool:
        return self._record is not None

    def begin(self, *, method: str, path: str, query: str, body: bytes, at: float) -> Json:
        """The entry of a request that has come in. Times are real epoch seconds."""
        entry: Json = {
            "method": method,
            "path": path,
            "query": query,
            "body": _readable(body),
            "status": None,
            "throttled": False,
            "started_at": at,
            "ended_at": None,
        }
        self.entries.append(entry)
        self.by_path[f"{method} {template(path)}"] += 1
        return entry

    def end(self, entry: Json, *, status: int | None, answer: bytes, at: float) -> None:
        """No status means that the connection was cut."""
        throttled = status == HTTPStatus.TOO_MANY_REQUESTS
        entry.update(status=status, throttled=throttled, ended_at=at)
        if self._record is not None:
            if self._file is None:
                self._record.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._record.open("a", encoding="utf-8")
            line = {**entry, "answer": answer.decode("utf-8", "replace")}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def template(path: str) -> str:
    """The path with the ids taken out."""
    return _ID.sub("{id}", _JOB.sub("{id}", path))


def _readable(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
