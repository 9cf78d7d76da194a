"""Runs the emulated Graph as one server: real HTTP, in the caller's event loop."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from emulator.graph.envelope import on_graph_error, on_http_error
from emulator.graph.errors import GraphError
from emulator.graph.gateway import IDENTITY, Gateway
from emulator.graph.options import GraphOptions
from emulator.graph.routes.control import control_routes
from emulator.graph.routes.groups import group_routes
from emulator.graph.routes.levers import lever_routes
from emulator.graph.routes.lifecycle_workflows import lifecycle_workflow_routes
from emulator.graph.routes.service_principals import service_principal_routes
from emulator.graph.routes.subscriptions import subscription_routes
from emulator.graph.routes.synchronization import synchronization_routes
from emulator.graph.routes.users import user_routes
from emulator.graph.seed import seed
from emulator.graph.serving import HttpServer
from emulator.graph.tenant import Tenant

__all__ = ["GraphOptions", "GraphServer"]


class GraphServer:
    def __init__(self, options: GraphOptions) -> None:
        self.tenant = Tenant(options)
        seed(self.tenant)
        self._served = Starlette(
            routes=[
                *user_routes(self.tenant),
                *group_routes(self.tenant),
                *service_principal_routes(self.tenant),
                *synchronization_routes(self.tenant),
                *subscription_routes(self.tenant),
                *control_routes(self.tenant),
                *lever_routes(self.tenant),
                *lifecycle_workflow_routes(self.tenant),
            ],
            exception_handlers={GraphError: on_graph_error, HTTPException: on_http_error},
        )
        self.app = Gateway(
            self._served,
            tokens=self.tenant.tokens,
            faults=self.tenant.faults,
            journal=self.tenant.journal,
            clock=self.tenant.clock,
            switches=self.tenant.switches,
            replicas=self.tenant.replicas,
        )
        self._http = HttpServer(self.app, options.host, options.port)

    def add_routes(self, routes: Sequence[BaseRoute]) -> None:
        """Adds routes of other services at this address."""
        self._served.router.routes.extend(routes)

    @property
    def port(self) -> int:
        """Returns the requested port until `start`, then the real one."""
        return self._http.port

    @property
    def url(self) -> str:
        return self._http.url

    @property
    def admin_token(self) -> str:
        return self.tenant.tokens.admin

    @property
    def identity_header(self) -> str:
        return self.tenant.tokens.identity_header

    @property
    def identity_endpoint(self) -> str:
        return f"{self.url}{IDENTITY}"

    async def start(self) -> None:
        """Starts the server, which listens when this returns."""
        await self._http.start()
        self.tenant.start()

    async def stop(self) -> None:
        await self._http.stop()
        await self.tenant.close()
