"""Records every request to Graph with its answer: a limited number in memory, all in a file of JSON
lines."""

import json
import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TextIO

from emulator.graph.secrets import shown_body, shown_headers

Json = dict[str, Any]

KEPT = 10_000
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_JOB = re.compile(r"(?<=/jobs/)[^/]+")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request. `target` is its path and query as sent, percent-encoded. `path` and `query` are
    decoded; the path has no version and one spelling. `by_admin` is True for the emulator's
    administrator, False for the app."""

    method: str
    target: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    by_admin: bool


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer. `status` is None if the connection was cut; `by_fault` means that an injected
    fault affected the request."""

    status: int | None
    headers: Mapping[str, str]
    body: bytes
    by_fault: bool


class Journal:
    """The journal. The file `record` also contains the bodies of answers; memory contains
    everything else. Secrets in headers and issued tokens are replaced."""

    def __init__(self, record: Path | None) -> None:
        self.entries: deque[Json] = deque(maxlen=KEPT)
        self.by_path: Counter[str] = Counter()
        self._record = record
        self._file: TextIO | None = None

    @property
    def wants_answers(self) -> bool:
        return self._record is not None

    def begin(self, asked: Asked, *, at: float) -> Json:
        """Adds the entry of a new request. Times are real epoch seconds."""
        entry: Json = {
            "method": asked.method,
            "target": asked.target,
            "path": asked.path,
            "query": asked.query,
            "headers": shown_headers(asked.headers),
            "body": _readable(asked.body),
            "by_admin": asked.by_admin,
            "status": None,
            "answer_headers": {},
            "by_fault": False,
            "throttled": False,
            "started_at": at,
            "ended_at": None,
        }
        self.entries.append(entry)
        self.by_path[f"{asked.method} {template(asked.path)}"] += 1
        return entry

    def end(self, entry: Json, answered: Answered, *, at: float) -> None:
        entry.update(
            status=answered.status,
            answer_headers=shown_headers(answered.headers),
            by_fault=answered.by_fault,
            throttled=answered.status == HTTPStatus.TOO_MANY_REQUESTS,
            ended_at=at,
        )
        if self._record is not None:
            if self._file is None:
                self._record.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._record.open("a", encoding="utf-8")
            line = {**entry, "answer": shown_body(answered.body)}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def template(path: str) -> str:
    """Returns the path without ids."""
    return _ID.sub("{id}", _JOB.sub("{id}", path))


def _readable(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
