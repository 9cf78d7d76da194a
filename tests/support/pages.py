"""Opens the pages of a world in memory, with a visitor who is already signed in."""

import re
from dataclasses import dataclass, field
from html import unescape
from http import HTTPStatus

import httpx
from starlette.requests import Request

from hasten.api.app import UI, pages
from hasten.api.caller import Caller, Role
from hasten.api.problems import ApiError
from hasten.context import Context
from hasten.page.routes import routes
from hasten.page.visitor import Visitor
from tests.support.world import World, user

OPERATOR, READER = user(901), user(902)
TOKEN = "the token of this session"


def caller(object_id: str, *roles: Role) -> Caller:
    return Caller(object_id=object_id, name="Ada", roles=frozenset(roles))


@dataclass
class Pages:
    world: World
    caller: Caller = field(default_factory=lambda: caller(OPERATOR, Role.OPERATE))
    context: Context | None = None
    """That of the world, unless it is given."""

    def __post_init__(self) -> None:
        app = pages(self.context or self.world.context, routes(self._admit))
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="https://hasten.example"
        )

    async def _admit(self, request: Request, role: Role) -> Visitor:
        if not self.caller.may(role):
            raise ApiError(HTTPStatus.FORBIDDEN, "the role is missing", "ask for it")
        return Visitor(self.caller, TOKEN)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(f"{UI}{path}", headers=headers)

    async def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        return await self.client.post(f"{UI}{path}", data={"csrf": TOKEN, **fields})

    async def text(self, path: str) -> str:
        """Returns what a person reads on the page."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return read(answer.text)


def read(html: str) -> str:
    """Returns the text of a page without its marks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()
