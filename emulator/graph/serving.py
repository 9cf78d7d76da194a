"""Runs an HTTP server inside a running event loop, without handling signals."""

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

BACKLOG = 512
KEEP_ALIVE = 75
"""Seconds; longer than clients keep a connection, so that none is closed during a request."""

GRACE = 1
"""Seconds for running requests when the server stops."""


class HttpServer:
    """The server. `port` 0 takes any free port, which is known once `start` has returned."""

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self._config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = uvicorn.Server(self._config)
        self._serving: asyncio.Task[None] | None = None
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        """Starts the server, which listens when this returns. The steps are those of `Server.serve`
        without the signals."""
        listener = _listener(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[listener])
        self._serving = asyncio.create_task(self._server.main_loop())

    async def stop(self) -> None:
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)
            await self._server.shutdown()
            self._serving = None


def _listener(host: str, port: int) -> socket.socket:
    """Returns a socket with TCP named as its protocol. Only then does asyncio disable Nagle's
    algorithm, with which a small answer waits 40 ms for the client's acknowledgement of its
    headers."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
