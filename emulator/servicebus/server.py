"""Runs the server: a port on loopback in front of a namespace."""

import asyncio
import time
from collections.abc import Callable

from starlette.routing import Route

from emulator.amqp.connection import Connection
from emulator.servicebus.entities import Entities
from emulator.servicebus.namespace import Namespace
from emulator.servicebus.peers import Peer
from emulator.servicebus.rest import rest_route
from emulator.servicebus.scaling import ScaleVote

CONTAINER = "servicebus-emulator"

BACKLOG = 1024
"""Connections that may arrive at once: the Python SDK opens one for each link."""


class ServiceBusServer:
    """The server. Messages survive `stop`: start it again on the same port to end an outage."""

    def __init__(self, entities: Entities, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.port = port
        self._host = host
        self._namespace = Namespace(entities, clock=time.time)
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def connection_string(self) -> str:
        return (
            f"Endpoint=sb://{self._host}:{self.port};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true"
        )

    async def start(self) -> None:
        """Starts to listen. Port 0 takes any free port, which `port` then contains. Raises
        OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connect, self._host, self.port, backlog=BACKLOG
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._namespace.wake()

    async def stop(self) -> None:
        """Frees the port and disconnects the clients."""
        if self._server is None:
            return
        self._server.close()
        while self._connections:
            await self.drop_connections()
        await self._server.wait_closed()
        self._server = None
        self._namespace.sleep()

    async def drop_connections(self) -> None:
        """Disconnects every client without an AMQP close; the port stays open."""
        dropped = list(self._connections)
        for connection in dropped:
            connection.abort()
        await asyncio.gather(*(connection.lost.wait() for connection in dropped))

    def stats(self) -> dict[str, dict[str, int]]:
        """Returns counts for each queue (or `topic/Subscriptions/name`): active (can be received),
        scheduled, deferred, locked and dead_lettered now, and incoming, all messages ever accepted
        without duplicates."""
        return self._namespace.stats()

    def scale_votes(self) -> dict[str, ScaleVote]:
        """Returns for each queue how many messages the scaler sees, and whether it votes for fewer
        hosts."""
        return self._namespace.scale_votes()

    def rest_route(self, is_allowed: Callable[[str | None], bool]) -> Route:
        """Returns the route of the REST interface, for a server of HTTP. `is_allowed` checks the
        header Authorization."""
        return rest_route(self._namespace, is_allowed)

    def _connect(self) -> Connection:
        connection = Connection(
            name=CONTAINER, service=Peer(self._namespace), on_lost=self._connections.discard
        )
        self._connections.add(connection)
        return connection
