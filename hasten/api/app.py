"""Builds the ASGI application that serves the API or the pages of one process."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount

from hasten.api.problems import HANDLERS
from hasten.context import Context

API, UI = "/api/v1", "/api/ui"


def application(context: Context, prefix: str, routes: Sequence[BaseRoute]) -> Starlette:
    """Returns the application with its routes below `prefix`: Azure Functions passes the whole
    path."""
    app = Starlette(routes=[Mount(prefix, routes=routes)], exception_handlers=HANDLERS)
    app.state.context = context
    return app


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context
