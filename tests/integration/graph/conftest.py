"""The emulated Graph over real HTTP, a webhook beside it, and clients of both kinds."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from emulator.graph.server import GraphOptions, GraphServer
from emulator.graph.serving import HttpServer
from tests.support.csdl.check import assert_record_agrees

Json = dict[str, Any]
DEADLINE = 10.0


class Webhook:
    """Takes notifications; `answers` are the statuses of the next ones, 202 after that."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.echo: Callable[[str], str] = lambda token: token
        self.received: asyncio.Queue[tuple[float, Json]] = asyncio.Queue()

    async def handle(self, request: Request) -> Response:
        token = request.query_params.get("validationToken")
        if token is not None:
            return PlainTextResponse(self.echo(token))
        await self.received.put((time.time(), await request.json()))
        return Response(status_code=self.answers.pop(0) if self.answers else 202)

    async def next(self) -> list[Json]:
        """The items of the next POST."""
        async with asyncio.timeout(DEADLINE):
            _, body = await self.received.get()
        items: list[Json] = body["value"]
        return items


class Graph:
    """An administrator's client: absolute paths, JSON in, the answer out."""

    def __init__(self, server: GraphServer, http: httpx.AsyncClient) -> None:
        self.server = server
        self.http = http

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.http.get(path, params=query or None)
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, path: str, body: Json | None = None) -> httpx.Response:
        return await self.http.post(path, json=body)

    async def join(self, user: str, group: str = TOTAL_ENGINEERING) -> None:
        reference = {"@odata.id": f"{self.server.url}/v1.0/directoryObjects/{user}"}
        answer = await self.post(f"/v1.0/groups/{group}/members/$ref", reference)
        assert answer.status_code == 204, answer.text

    async def leave(self, user: str, group: str = TOTAL_ENGINEERING) -> None:
        answer = await self.http.delete(f"/v1.0/groups/{group}/members/{user}/$ref")
        assert answer.status_code == 204, answer.text

    async def subscribe(self, url: str, resource: str) -> httpx.Response:
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
        return await self.post(
            "/v1.0/subscriptions",
            {
                "changeType": "updated",
                "notificationUrl": url,
                "resource": resource,
                "expirationDateTime": expires,
                "clientState": "secret",
            },
        )

    async def jobs_path(self) -> str:
        jobs = await self.get(f"/v1.0/servicePrincipals/{TOTAL}/synchronization/jobs")
        return f"/v1.0/servicePrincipals/{TOTAL}/synchronization/jobs/{jobs['value'][0]['id']}"

    async def provision(self, *users: str, group: str = TOTAL_ENGINEERING) -> httpx.Response:
        path = await self.jobs_path()
        schema = await self.get(f"{path}/schema")
        members = [{"objectId": user, "objectTypeName": "User"} for user in users]
        subject = {
            "objectId": group,
            "objectTypeName": "Group",
            "links": {"members": members},
        }
        rule = schema["synchronizationRules"][0]["id"]
        body = {"parameters": [{"ruleId": rule, "subjects": [subject]}]}
        return await self.post(f"{path}/provisionOnDemand", body)

    async def account(self, user: str) -> Json | None:
        accounts = await self.get(f"/emulator/targets/{TOTAL}/accounts")
        return next((account for account in accounts if account["id"] == user), None)


Start = Callable[..., Awaitable[Graph]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts a Graph with options; calls on demand answer at once unless an option says otherwise.
    All that was asked and answered is held against Microsoft's metadata in the end."""
    records = list[Path]()
    async with AsyncExitStack() as stack:

        async def started(**options: Any) -> Graph:
            usual = {
                "users": 300,
                "on_demand_delay": (0.0, 0.0),
                "record": tmp_path / f"graph-{len(records)}.jsonl",
            }
            server = GraphServer(GraphOptions.kind(**{**usual, **options}))
            assert server.tenant.options.record is not None
            records.append(server.tenant.options.record)
            await server.start()
            stack.push_async_callback(server.stop)
            http = httpx.AsyncClient(
                base_url=server.url,
                headers={"Authorization": f"Bearer {server.admin_token}"},
                trust_env=False,
                verify=trusted(),
            )
            await stack.enter_async_context(http)
            return Graph(server, http)

        yield started
    for record in records:
        assert_record_agrees(record)


@pytest.fixture
async def graph(start: Start) -> Graph:
    return await start()


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    hook = Webhook()
    server = HttpServer(Starlette(routes=[Route("/h", hook.handle, methods=["POST"])]))
    await server.start()
    hook.url = f"{server.url}/h?code=key"
    yield hook
    await server.stop()


@pytest.fixture
def joiner() -> str:
    """A user who is in none of the groups of TOTAL."""
    return object_id("user/290")
