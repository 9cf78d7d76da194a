"""What stands between Graph and the worker, as the Functions host does in Azure."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.graph.serving import HttpServer
from tests.integration.worker.worker import Function, Worker


class Front:
    """Serves the HTTP functions of the worker at their routes."""

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
