"""The way to the emulated Graph: faults strike here, and calls on demand are written down."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import httpx
from azure.core.credentials import AccessToken

from emulator.graph.server import GraphServer
from tests.simulation.asgi import AsgiTransport
from tests.simulation.faults import Faults
from tests.simulation.owners import Owner
from tests.support.virtual_time import now

ON_DEMAND = "/provisionOnDemand"
SUBSCRIPTIONS = "/subscriptions"
BY = "by"
"""The extension of a request that names the process that made it."""


@dataclass
class OnDemand:
    """A call for the service principal `app`. `status` is None while it is under way, or when its
    answer was lost. `by` is the process that made it; `ended` is when the answer left Graph."""

    app: str
    at: datetime
    group: str | None
    users: tuple[str, ...]
    status: int | None = None
    by: Owner | None = None
    ended: datetime | None = None


@dataclass(frozen=True)
class Write:
    """A request that changes the directory, or an assignment, or a job."""

    at: datetime
    line: str


class GraphTransport(AsgiTransport):
    def __init__(
        self, graph: GraphServer, *, server: Owner, latency: Callable[[], float], faults: Faults
    ) -> None:
        super().__init__(graph.app, server=server, latency=latency)
        self._graph_faults = graph.tenant.faults
        self._faults = faults
        self.calls: list[OnDemand] = []
        self.writes: list[Write] = []

    async def exchange(self, request: httpx.Request) -> httpx.Response:
        fault = self._faults.of_graph()
        if fault is not None:
            line = re.escape(f"{request.method} {request.url.path}")
            self._graph_faults.add({"path": line, **fault})
        call = _call(request) if request.url.path.endswith(ON_DEMAND) else None
        if call is not None:
            call.by = request.extensions.get(BY)
            self.calls.append(call)
        elif _is_write(request):
            self.writes.append(Write(now(), f"{request.method} {request.url.path}"))
        response = await super().exchange(request)
        if call is not None:
            call.status = response.status_code
        await asyncio.sleep(self._faults.delay())
        if call is not None:
            call.ended = now()
        return response


class Credential:
    """A managed identity whose token never runs out."""

    def __init__(self, token: str) -> None:
        self._token = AccessToken(token, 2**40)

    async def get_token(self, *scopes: str, **options: object) -> AccessToken:
        return self._token

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        return None


def _is_write(request: httpx.Request) -> bool:
    return request.method != "GET" and SUBSCRIPTIONS not in request.url.path


def _call(request: httpx.Request) -> OnDemand:
    app = request.url.path.partition("/servicePrincipals/")[2].partition("/")[0]
    [subject] = json.loads(request.content)["parameters"][0]["subjects"]
    members = subject.get("links", {}).get("members")
    if members is None:
        return OnDemand(app, now(), None, (subject["objectId"],))
    return OnDemand(app, now(), subject["objectId"], tuple(m["objectId"] for m in members))
