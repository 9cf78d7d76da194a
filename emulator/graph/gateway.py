"""Handles every request to Graph before and after its route: journal, faults, token, headers."""

import asyncio
import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.clock import Clock
from emulator.entra.behaviours import EntraBehaviours, Switches
from emulator.graph import hidden, permissions
from emulator.graph.auth import Tokens
from emulator.graph.envelope import error_response
from emulator.graph.errors import GraphError
from emulator.graph.faults import Faults, RequestFault
from emulator.graph.garbled import Garbled, Garbler, garbled_answer
from emulator.graph.journal import Answered, Asked, Journal
from emulator.graph.replicas import Replicas
from emulator.graph.retry_after import spelled
from emulator.graph.units import Units, cost

ROOT = "/v1.0"
IDENTITY = "/emulator/identity/token"
MAX_BODY = 4 * 1024 * 1024

_BY_APP_ID = re.compile(r"/servicePrincipals\(appId='(?P<id>[^']+)'\)", re.IGNORECASE)


@dataclass
class _Exchange:
    """One request and its answer."""

    body: bytes = b""
    by_fault: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answer: list[bytes] = field(default_factory=list)

    def answered(self) -> Answered:
        return Answered(
            status=self.status,
            headers=self.headers,
            body=b"".join(self.answer),
            by_fault=self.by_fault,
        )


class Gateway:
    """An ASGI app around the routes. A request continues when its client disconnects."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        tokens: Tokens,
        faults: Faults,
        journal: Journal,
        clock: Clock,
        switches: Switches,
        replicas: Replicas,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._faults = faults
        self._journal = journal
        self._clock = clock
        self._switches = switches
        self._replicas = replicas
        self._units = Units()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path.startswith(f"{ROOT}/") or path == IDENTITY):
            await self._app(scope, receive, send)
            return
        started_at = self._clock.wall()
        target = _target(scope)
        scope["path"] = _normal(path)
        exchange = _Exchange(body=await _read(receive))
        headers = Headers(scope=scope)
        asked = Asked(
            method=scope["method"],
            target=target,
            path=scope["path"].removeprefix(ROOT),
            query=unquote(scope["query_string"].decode()),
            headers=headers,
            body=exchange.body,
            by_admin=self._tokens.is_admin(headers.get("authorization")),
        )
        entry = self._journal.begin(asked, at=started_at)
        try:
            await self._pass(scope, exchange, send, by_admin=asked.by_admin)
        except asyncio.CancelledError:
            # The server stops and waits no longer, so the client sees a closed connection.
            if exchange.status is None:
                await _cut(send)
        finally:
            self._journal.end(entry, exchange.answered(), at=self._clock.wall())

    async def _pass(self, scope: Scope, exchange: _Exchange, send: Send, *, by_admin: bool) -> None:
        headers = Headers(scope=scope)
        request_id = str(uuid.uuid4())
        client_request_id = headers.get("client-request-id", request_id)
        fault = self._faults.of_request(_line(scope), by_admin=by_admin)
        exchange.by_fault = fault is not None
        scope["graph.ids"] = (request_id, client_request_id)
        scope["graph.behaviours"] = behaviours = self._switches.now
        self._replicas.choose()
        extra: dict[str, str] = {}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                added = MutableHeaders(scope=message)
                added["request-id"] = request_id
                added["client-request-id"] = client_request_id
                added.update(extra)
                _respell(added, behaviours, self._clock.wall())
                if fault is not None:
                    added.update(fault.headers)
                exchange.headers = dict(added)
            elif self._journal.wants_answers:
                exchange.answer.append(message.get("body", b""))
            await send(message)

        receive = _replay(exchange.body)
        try:
            if scope["path"] != IDENTITY:
                self._admit(scope, headers.get("authorization"), exchange.body)
                if behaviours.resource_units and not by_admin:
                    extra |= self._charge(scope, behaviours.resource_units)
            if fault is not None:
                if fault.after and fault.garbled is None:
                    await self._app(scope, receive, _discard)
                await self._clock.sleep(fault.delay_seconds)
                if fault.drop_connection:
                    await _cut(send)
                    return
                fault.fail()
        except GraphError as error:
            await error_response(error, scope["graph.ids"])(scope, receive, answer)
            return
        if fault is not None and fault.garbled is not None:
            await self._garble(fault.garbled, fault, scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    async def _garble(
        self, kind: Garbled, fault: RequestFault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Corrupts an answer. HTML and empty answers can be sent without calling the app."""
        if kind in {Garbled.HTML, Garbled.EMPTY} and not fault.after:
            await garbled_answer(kind, send)
        else:
            await self._app(scope, receive, Garbler(kind, send, fault.name))

    def _charge(self, scope: Scope, limit: int) -> dict[str, str]:
        """Charges resource units. Raises GraphError 429."""
        query = QueryParams(scope["query_string"])
        units = cost(scope["method"], scope["path"].removeprefix(ROOT), query)
        clock = self._clock
        return self._units.charge(units, limit, now=clock.time(), speed=clock.speed)

    def _admit(self, scope: Scope, authorization: str | None, body: bytes) -> None:
        """Checks the caller's permissions. Raises GraphError 401 or 403."""
        scope[hidden.ROLES] = roles = self._tokens.check(authorization)
        if roles is not None:
            permissions.check(scope["method"], scope["path"].removeprefix(ROOT), body, roles)


def _respell(headers: MutableHeaders, behaviours: EntraBehaviours, wall: float) -> None:
    seconds = headers.get("retry-after")
    if seconds is None:
        return
    header = spelled(behaviours.retry_after, seconds, wall)
    if header is None:
        del headers["retry-after"]
    else:
        headers["retry-after"] = header


async def _cut(send: Send) -> None:
    """Cuts the connection: the server closes it when a started answer is never finished."""
    headers = [(b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > MAX_BODY:
            return bytes(body)


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _discard(message: Message) -> None:
    """Drops an answer that the client must not receive."""


def _normal(path: str) -> str:
    """Returns the path in one form, without keys by appId and without the SDKs' function call
    syntax."""
    return _BY_APP_ID.sub(r"/servicePrincipals/\g<id>", path).removesuffix("()").rstrip("/")


def _target(scope: Scope) -> str:
    """Returns path and query as the client sent them."""
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    query = scope["query_string"]
    return (path + b"?" + query if query else path).decode("ascii")


def _line(scope: Scope) -> str:
    query = unquote(scope["query_string"].decode())
    return f"{scope['method']} {scope['path']}" + (f"?{query}" if query else "")
