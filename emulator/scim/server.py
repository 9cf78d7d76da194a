"""Runs scim2-server, a SCIM 2.0 server that nobody here wrote, as the app of the tenant."""

import secrets
from typing import TYPE_CHECKING, cast

from scim2_models import Patch, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from scim2_server.utils import load_default_provider

from emulator.graph.serving import HttpServer

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class ScimServer:
    """The server. `token` is the only bearer token that it takes. Without `patches` it answers a
    PATCH with 501, and an account is written as a whole."""

    def __init__(self, port: int = 0, token: str = "", *, patches: bool = True) -> None:
        self.token = token or secrets.token_hex(16)
        self.patches = patches
        app = _Application(self.token, patches=patches)
        self._http = HttpServer(cast("ASGIApp", app), port=port)

    @property
    def url(self) -> str:
        """Returns the base address, with the version of SCIM."""
        return f"{self._http.url}/v2"

    async def start(self) -> None:
        """Starts the server. Raises OSError if the port is taken."""
        await self._http.start()

    async def stop(self) -> None:
        await self._http.stop()


class _Application(ASGIApplication):
    def __init__(self, token: str, *, patches: bool) -> None:
        provider, secret = load_default_provider(), secrets.token_hex(16)
        if provider.config is not None:
            provider.config.patch = Patch(supported=patches)
        super().__init__(AsyncInMemoryStorage(), provider, ScimService(provider, secret=secret))
        self._token = token

    def check_auth(self, request: ScimRequest) -> None:
        given = request.header("Authorization") or ""
        if not secrets.compare_digest(given, f"Bearer {self._token}"):
            raise UnauthorizedException
