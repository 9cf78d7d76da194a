"""Gives the bytes of an input as the answer of Graph or of an app, below the real adapters."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from hasten.adapters.graph.directory import GraphDirectory
from tests.fuzz.framing import framed
from tests.support.graph_wire import Credential
from tests.support.virtual_time import VirtualLoop

T = TypeVar("T")

HEADERS = frozenset({"Date", "ETag", "Location", "Retry-After", "x-ms-throttle-limit-percentage"})
"""Headers of an answer that Hasten, or a library that it uses, reads."""


def ran(work: Awaitable[T]) -> T:
    """Returns the result of `work`, on a loop on which waiting takes no time."""

    async def waiting() -> T:
        return await work

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(waiting())


def answer(data: bytes) -> httpx.Response:
    """Returns the answer that an input describes: status, headers, and body."""
    given = framed(data)
    status = int(given.first) if re.fullmatch("[2-5][0-9][0-9]", given.first) else 200
    headers = [
        (name.encode(), "".join(one for one in value if one.isprintable()).encode())
        for name, value in given.fields.items()
        if name in HEADERS
    ]
    return httpx.Response(status, headers=headers, content=given.body)


class Answering:
    """Answers the first request, and each repetition of it, with the input, and any other request
    with `then`. No request may take the token to another server than the first."""

    def __init__(self, data: bytes, then: Callable[[], httpx.Response]) -> None:
        self._data = data
        self._then = then
        self._first: httpx.URL | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self._first is None:
            self._first = request.url
        is_same_server = _server(request.url) == _server(self._first)
        assert is_same_server or "Authorization" not in request.headers, "the token goes elsewhere"
        return answer(self._data) if request.url == self._first else self._then()

    def directory(self, base: str) -> GraphDirectory:
        return GraphDirectory(base, Credential(), httpx.MockTransport(self))


def _server(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
