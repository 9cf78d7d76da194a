"""A service that takes messages to people, over real HTTP: it gives the arranged answers, and keeps
the requests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph.serving import HttpServer


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class MessageService:
    """`answers` are the next answers: status and headers. 202 after that."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    answer_body: bytes = b"ok"

    async def handle(self, request: Request) -> Response:
        body = await request.json()
        self.received.append(Received(str(request.url), dict(request.headers), body))
        status, headers = self.answers.pop(0) if self.answers else (202, {})
        return Response(self.answer_body, status, headers)


@asynccontextmanager
async def message_service() -> AsyncIterator[MessageService]:
    service = MessageService()
    server = HttpServer(Starlette(routes=[Route("/{path:path}", service.handle, methods=["POST"])]))
    await server.start()
    service.url = server.url
    try:
        yield service
    finally:
        await server.stop()
