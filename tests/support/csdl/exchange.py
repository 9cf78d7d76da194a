"""One request to Graph with its answer, as the emulator's journal records it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

ROOT = "/v1.0"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """`target` is the path and query as sent. `body` and `answer` are parsed where they are JSON,
    None where they are empty. Header names are in lower case. `status` is None when no answer came.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    status: int | None = None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: Any = None
    by_admin: bool = False
    by_fault: bool = False

    @property
    def path(self) -> str:
        """As sent, without the version."""
        return self.target.partition("?")[0].removeprefix(ROOT)

    @property
    def options(self) -> list[tuple[str, str]]:
        """The query, decoded."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def __str__(self) -> str:
        return f"{self.method} {unquote(self.target)}"


def recorded(file: Path) -> Iterator[Exchange]:
    """The exchanges with Graph in a record of the emulator; none when it was not asked."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else ()
    for line in lines:
        entry: dict[str, Any] = json.loads(line)
        if entry["target"].startswith(f"{ROOT}/"):
            yield Exchange(
                method=entry["method"],
                target=entry["target"],
                headers=entry["headers"],
                body=entry["body"],
                status=entry["status"],
                answer_headers=entry["answer_headers"],
                answer=parsed(entry["answer"]),
                by_admin=entry["by_admin"],
                by_fault=entry["by_fault"],
            )


def as_exchange(request: httpx.Request) -> Exchange:
    """A request that a client is about to send, without an answer."""
    return Exchange(
        method=request.method,
        target=request.url.raw_path.decode("ascii"),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=parsed(request.content.decode()),
    )


def parsed(text: str) -> Any:
    """JSON, or the text itself, or None where there is none."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
