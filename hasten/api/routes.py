"""Lists the routes of the API, relative to /api/v1."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hasten.api.app import context_of
from hasten.api.caller import Role
from hasten.api.door import admitted
from hasten.api.problems import NOBODY_KEEPS_IT


async def targets(request: Request) -> Response:
    await admitted(request, Role.READ)
    names = sorted(context_of(request).targets)
    return JSONResponse({"targets": names}, headers=NOBODY_KEEPS_IT)


def routes() -> Sequence[BaseRoute]:
    return [Route("/targets", targets)]
