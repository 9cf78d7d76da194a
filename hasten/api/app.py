"""Builds the ASGI applications that serve the API and the pages of one process."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ExceptionHandler

from hasten.api.door import open_door
from hasten.api.problems import HANDLERS, ApiError, on_api_error
from hasten.api.refused import CountRefused
from hasten.api.sign_in import to_sign_in
from hasten.context import Context
from hasten.errors import PermanentError

API, UI = "/api/v1", "/api/ui"
DOORS = {API: "api", UI: "pages"}
"""The names of the applications in events."""


def api(context: Context, routes: Sequence[BaseRoute]) -> Starlette:
    return _application(context, API, routes, {})


def pages(context: Context, routes: Sequence[BaseRoute]) -> Starlette:
    """Returns the application of the pages, which sends a browser without a session to the
    sign-in."""

    async def on_error(request: Request, error: Exception) -> Response:
        return to_sign_in(request, error) or await on_api_error(request, error)

    return _application(context, UI, routes, {ApiError: on_error})


def _application(
    context: Context,
    prefix: str,
    routes: Sequence[BaseRoute],
    handlers: dict[type[Exception], ExceptionHandler],
) -> Starlette:
    """Returns the application with its routes below `prefix`: Azure Functions passes the whole
    path."""
    mounted = Router(routes, redirect_slashes=False)  # a redirect would repeat the header Host
    app = Starlette(
        routes=[Route(prefix, _with_slash), Mount(prefix, mounted)],
        exception_handlers={**HANDLERS, **handlers},
        middleware=[Middleware(CountRefused, context, DOORS[prefix])],
    )
    app.router.redirect_slashes = False
    app.state.context = context
    try:
        app.state.door = open_door(context)
    except PermanentError:  # `doctor` names the setting; until then nobody may enter
        app.state.door = None
    return app


async def _with_slash(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", HTTPStatus.TEMPORARY_REDIRECT)


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context
