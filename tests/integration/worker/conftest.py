"""The worker of production runs on Python 3.13 and newer; on an older one there is nothing to test.
Continuous integration runs the tests with both."""

import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.azure import Azure, AzureOptions, running
from emulator.graph.serving import HttpServer
from tests.integration.worker.worker import ROOT, Function, Worker, started
from tests.support.tenant import ACTING

collect_ignore_glob = ["test_*.py"] if sys.version_info < (3, 13) else []


class Front:
    """What stands between Graph and the worker: serves the HTTP functions at their routes."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        routes = [Route("/api/{path:path}", self._handle, methods=["POST"])]
        self.server = HttpServer(Starlette(routes=routes))

    async def _handle(self, request: Request) -> Response:
        assert self.worker is not None
        answer = await self.worker.http(
            self._function(request.path_params["path"]).name,
            url=str(request.url),
            query=dict(request.query_params),
            body=(await request.body()).decode(),
        )
        return Response(answer["body"], answer["status"], answer["headers"])

    def _function(self, route: str) -> Function:
        assert self.worker is not None
        functions = self.worker.functions.values()
        [found] = [function for function in functions if function.trigger.get("route") == route]
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def azure() -> AsyncIterator[Azure]:
    async with running(AzureOptions()) as azure:
        yield azure


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker(azure: Azure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    state, front = tmp_path_factory.mktemp("worker"), Front()
    await front.server.start()
    settings = azure.environment(
        functions_url=front.server.url, state_dir=state, app_dir=ROOT, targets=ACTING
    )
    async with started(settings, state / "log") as worker:
        front.worker = worker
        yield worker
    await front.server.stop()
