"""The API and the pages of a world, as a client reaches them; and the tokens of its callers."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from hasten.api.app import api, pages
from hasten.api.caller import Caller, Role
from hasten.api.door import Door
from hasten.api.routes import routes
from hasten.api.session import COOKIES, SESSION, of_session
from hasten.api.sign_in import routes as sign_in_routes
from hasten.domain.changes import HeldBy
from hasten.domain.row_states import held
from hasten.page.routes import routes as page_routes
from tests.fakes.sign_in import API_CLIENT_ID, ISSUER, TENANT, signed
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World

ORIGIN = "https://hasten.example"
OPERATOR = "0000ffff-0000-4000-8000-000000000001"
CSRF = "the-token-of-the-session"
ALL_ROLES = (Role.READ, Role.OPERATE, Role.SEND)


def claims(*roles: str, **other: Any) -> dict[str, Any]:
    """Those of an access token that a person's program got just now."""
    at = int(now().timestamp())
    return {
        "aud": API_CLIENT_ID,
        "iss": ISSUER,
        "iat": at,
        "nbf": at,
        "exp": at + 3600,
        "sub": "pairwise",
        "oid": OPERATOR,
        "tid": TENANT,
        "azp": "0000ffff-0000-4000-8000-0000000000aa",
        "scp": "user_impersonation",
        "ver": "2.0",
        "roles": list(roles),
        **other,
    }


def bearer(*roles: str, **other: Any) -> dict[str, str]:
    """The header of a caller with these roles."""
    return {"Authorization": f"Bearer {signed(claims(*roles, **other))}"}


def program(*roles: str, **other: Any) -> dict[str, Any]:
    """The claims of an access token that a program got for itself."""
    found = claims(*roles, **{"sub": OPERATOR, "azpacr": "1", **other})
    del found["scp"]
    return found


class Face:
    """`http` reaches both applications at the origin of the pages."""

    def __init__(self, world: World) -> None:
        self.world = world
        context = world.context
        self._apps = {
            "/api/v1": api(context, routes()),
            "/api/ui": pages(context, [*sign_in_routes(), *page_routes()]),
        }
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._serve), base_url=ORIGIN, follow_redirects=False
        )

    @property
    def door(self) -> Door:
        door = self._apps["/api/ui"].state.door
        assert isinstance(door, Door)
        return door

    def cookie(self, *roles: str, csrf: str = CSRF) -> dict[str, str]:
        """The header of a person with a session."""
        caller = Caller(object_id=OPERATOR, name="operator", roles=frozenset(roles))
        sealed = self.door.sessions.seal(of_session(caller, csrf), now())
        return {"Cookie": f"{COOKIES[SESSION]}={sealed}"}

    async def get(self, path: str, *roles: str, **query: Any) -> httpx.Response:
        return await self.http.get(f"/api/v1{path}", params=query, headers=bearer(*roles))

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, *roles: str
    ) -> httpx.Response:
        return await self.http.post(
            f"/api/v1{path}",
            content=json.dumps(body or {}),
            headers={"Content-Type": "application/json", **bearer(*(roles or ALL_ROLES))},
        )

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        prefix = "/".join(scope["path"].split("/")[:3])
        await self._apps[prefix](scope, receive, send)


async def holds(world: World, *users: str) -> None:
    """Users who left at once, and whom the brake holds."""
    await world.is_discovered()
    await world.joined(ENGINEERING, *users)
    await world.left(ENGINEERING, *users)
    await world.ledger.move(
        await world.ledger.open_changes(TOTAL),
        lambda row: held(row, HeldBy.BRAKE, reason="many left at once", next_action="decide"),
    )
