"""Runs the Azure side in one process: Microsoft Graph, the managed identity, and Service Bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.engine.connector import Connector
from emulator.environment import environment
from emulator.graph.seed import TOTAL
from emulator.graph.server import GraphOptions, GraphServer
from emulator.servicebus import ServiceBusServer, load_entities
from emulator.sign_in.routes import SignInServer

if TYPE_CHECKING:
    from emulator.scim import ScimServer

SCIM_TOKEN = "HASTEN_SCIM_TOKEN_TOTAL"  # noqa: S105 - the name of a setting
SERVICE_BUS = "https://servicebus.azure.net"
"""The resource of a token for Service Bus."""

ENTITIES = Path(__file__).parents[1] / "infra" / "entities.json"


@dataclass(frozen=True, kw_only=True)
class AzureOptions:
    """The options. Port 0 takes any free port."""

    graph: GraphOptions = field(default_factory=GraphOptions)
    servicebus_port: int = 0
    entities: Path = ENTITIES
    scim: bool = False
    """Whether TOTAL's accounts are in a SCIM server of its own."""

    scim_port: int = 0
    scim_patches: bool = True
    """Whether that server takes a PATCH. Without it accounts are written as a whole."""


@dataclass(frozen=True)
class Azure:
    graph: GraphServer
    servicebus: ServiceBusServer
    sign_in: SignInServer
    scim: "ScimServer | None" = None

    @property
    def servicebus_rest(self) -> str:
        """Returns the address of Service Bus's REST interface, for `/{queue}/messages`."""
        return f"{self.graph.url}/servicebus"

    def environment(
        self, *, functions_url: str, state_dir: Path, app_dir: Path, targets: Path | None = None
    ) -> dict[str, str]:
        """Returns the settings of a Functions app that uses this environment."""
        settings = environment(
            graph_url=self.graph.url,
            functions_url=functions_url,
            servicebus=self.servicebus.connection_string,
            tenant_id=self.graph.tenant.id,
            identity_endpoint=self.graph.identity_endpoint,
            identity_header=self.graph.identity_header,
            state_dir=state_dir,
            app_dir=app_dir,
            targets=targets,
        )
        return settings if self.scim is None else {**settings, SCIM_TOKEN: self.scim.token}

    def with_scim(self, targets: Path, state_dir: Path) -> Path:
        """Writes a copy of targets.yaml in which TOTAL has its SCIM server, and returns it."""
        document = yaml.safe_load(targets.read_text(encoding="utf-8"))
        [total] = [one for one in document["targets"] if one["name"] == "TOTAL"]
        if self.scim is None:
            raise ValueError("the tenant runs without a SCIM server")
        total["scim"] = {
            "url": self.scim.url,
            "token": SCIM_TOKEN,
            "match": {"app": "externalId", "entra": "id"},
            **({} if self.scim.patches else {"patch": "put"}),
        }
        copy = state_dir / "targets.yaml"
        copy.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return copy


@asynccontextmanager
async def running(options: AzureOptions) -> AsyncIterator[Azure]:
    """Runs Graph and Service Bus. Raises OSError if a port is taken, EntitiesError if the file of
    entities is wrong."""
    servicebus = ServiceBusServer(load_entities(options.entities), port=options.servicebus_port)
    graph = GraphServer(options.graph)
    sign_in = SignInServer(graph.tenant.id, graph.tenant.tokens)
    tokens = graph.tenant.tokens
    rest = servicebus.rest_route(lambda given: tokens.is_for(given, SERVICE_BUS))
    graph.add_routes([*_levers(servicebus), *sign_in.routes(), rest])
    await servicebus.start()
    try:
        await graph.start()
        try:
            async with _app(options, graph) as scim:
                yield Azure(graph, servicebus, sign_in, scim)
        finally:
            await graph.stop()
    finally:
        await servicebus.stop()


@asynccontextmanager
async def _app(options: AzureOptions, graph: GraphServer) -> AsyncIterator["ScimServer | None"]:
    """Runs TOTAL's SCIM server, if it has one."""
    if not options.scim:
        yield None
        return
    from emulator.scim import ScimServer  # noqa: PLC0415 - slow to load, and seldom asked for

    server = ScimServer(options.scim_port, patches=options.scim_patches)
    await server.start()
    connector = Connector(server.url, server.token, patches=server.patches)
    try:
        await graph.tenant.targets[TOTAL].connect(connector)
        yield server
    finally:
        await connector.close()
        await server.stop()


def _levers(servicebus: ServiceBusServer) -> list[Route]:
    actions = {
        "stop": servicebus.stop,
        "start": servicebus.start,
        "drop_connections": servicebus.drop_connections,
    }

    async def stats(_: Request) -> Response:
        return JSONResponse(servicebus.stats())

    async def scale_votes(_: Request) -> Response:
        return JSONResponse({n: asdict(vote) for n, vote in servicebus.scale_votes().items()})

    async def act(request: Request) -> Response:
        action = (await request.json()).get("action")
        if action not in actions:
            return JSONResponse({"error": f"action: one of {', '.join(actions)}"}, 400)
        try:
            await actions[action]()
        except OSError as error:  # the server runs already, or its port was taken meanwhile
            return JSONResponse({"error": str(error)}, 409)
        return Response(status_code=204)

    return [
        Route("/emulator/servicebus", stats),
        Route("/emulator/servicebus/scale", scale_votes),
        Route("/emulator/servicebus", act, methods=["POST"]),
    ]
