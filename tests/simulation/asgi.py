"""HTTP without sockets: a client's request runs the server's app, which does not stop when the
client goes away."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from starlette.types import ASGIApp, Message

from tests.simulation.owners import Owner


@dataclass
class _Answer:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    is_complete: bool = False

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        else:
            self.body += message.get("body", b"")
            self.is_complete = not message.get("more_body", False)


class AsgiTransport(httpx.AsyncBaseTransport):
    """`latency` is the seconds one way; `server` owns the work."""

    def __init__(self, app: ASGIApp, *, server: Owner, latency: Callable[[], float]) -> None:
        self._app = app
        self._server = server
        self._latency = latency

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        working = self._server.spawn(self.exchange(request))
        return await in_time(request, working)

    async def exchange(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._latency())
        answer = await answered(self._app, request)
        await asyncio.sleep(self._latency())
        return answer


async def answered(app: ASGIApp, request: httpx.Request) -> httpx.Response:
    """The app's answer to a request that was read whole."""
    answer = _Answer()
    await app(_scope(request), _receiving(request.content), answer.take)
    if not answer.is_complete:
        raise httpx.RemoteProtocolError("the server closed the connection", request=request)
    return httpx.Response(
        answer.status, headers=answer.headers, content=bytes(answer.body), request=request
    )


async def in_time(
    request: httpx.Request, working: "asyncio.Task[httpx.Response]"
) -> httpx.Response:
    """The answer, within the time-out that the client gave its request."""
    try:
        async with asyncio.timeout(request.extensions.get("timeout", {}).get("read")):
            return await asyncio.shield(working)
    except TimeoutError:
        raise httpx.ReadTimeout("no answer in time", request=request) from None


def _scope(request: httpx.Request) -> dict[str, object]:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.split(b"?")[0],
        "query_string": url.query,
        "server": (url.host, url.port or 443),
        "client": ("192.0.2.1", 50_000),
        "root_path": "",
    }


def _receiving(body: bytes) -> Callable[[], "asyncio.Future[Message]"]:
    def receive() -> "asyncio.Future[Message]":
        received: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        received.set_result({"type": "http.request", "body": body, "more_body": False})
        return received

    return receive
