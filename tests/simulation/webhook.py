"""The way from Graph to the webhooks of the hosts: notifications may be lost, repeated and late."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from itertools import count
from urllib.parse import urlsplit

import httpx

from tests.simulation.asgi import in_time
from tests.simulation.faults import LATEST, Faults
from tests.simulation.host import Host
from tests.simulation.owners import Owner

PREFIX = "/api/"


class Webhooks(httpx.AsyncBaseTransport):
    """The front of the function app: any living host may get a request."""

    def __init__(
        self,
        hosts: Sequence[Host],
        *,
        network: Owner,
        latency: Callable[[], float],
        faults: Faults,
    ) -> None:
        self._hosts = hosts
        self._network = network
        self._latency = latency
        self._faults = faults
        self._turn = count()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        token = request.url.params.get("validationToken")
        if token is not None:
            self._host(request)
            return httpx.Response(200, text=token, request=request)
        if self._faults.strikes("notification_dropped"):
            return httpx.Response(HTTPStatus.ACCEPTED, request=request)
        if self._faults.strikes("notification_late"):
            self._network.spawn(self._late(request))
            return httpx.Response(HTTPStatus.ACCEPTED, request=request)
        if self._faults.strikes("notification_repeated"):
            self._network.spawn(self._late(request))
        return await in_time(request, self._network.spawn(self._deliver(request)))

    async def _late(self, request: httpx.Request) -> None:
        await asyncio.sleep(self._faults.random.uniform(0, LATEST))
        if any(host.is_alive for host in self._hosts):
            await self._deliver(request)

    async def _deliver(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._latency())
        route = urlsplit(str(request.url)).path.removeprefix(PREFIX)
        status = await self._host(request).post(route, request.content)
        if status is None:
            raise httpx.ReadError("the host died", request=request)
        await asyncio.sleep(self._latency())
        return httpx.Response(status, request=request)

    def _host(self, request: httpx.Request) -> Host:
        living = [host for host in self._hosts if host.is_alive]
        if not living:
            raise httpx.ConnectError("no host is running", request=request)
        return living[next(self._turn) % len(living)]
