"""Serves the host's own endpoints: its status, and functions run by hand."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.functions import decoding
from emulator.functions.app import HTTP, TIMER, Function
from emulator.functions.invocations import Invocations
from emulator.functions.timers import Timers

logger = logging.getLogger("functions.admin")


def admin_routes(
    functions: Mapping[str, Function],
    *,
    timers: Timers,
    invocations: Invocations,
    state: Callable[[], str],
) -> list[Route]:
    async def status(_: Request) -> Response:
        return JSONResponse({"state": state(), "functions": sorted(functions)})

    async def run_now(request: Request) -> Response:
        """Runs a function: a timer fires; any other function gets the body's `input` as its
        message."""
        function = functions.get(request.path_params["name"])
        if function is None or function.kind == HTTP:
            return JSONResponse({"error": "no function of that name can be run here"}, 404)
        if function.kind == TIMER:
            work = timers.run_now(function.name)
        else:
            try:
                argument = _message(await request.body())
            except ValueError as error:
                return JSONResponse({"error": f"{error}"}, 400)
            work = _call(function, argument)
        running = invocations.start(work)
        if request.headers.get("x-wait") != "true":
            return Response(status_code=202)
        failure = await asyncio.shield(running)
        return JSONResponse({"error": failure}, 500) if failure else JSONResponse({})

    return [
        Route("/admin/host/status", status),
        Route("/admin/functions/{name}", run_now, methods=["POST"]),
    ]


def _message(body: bytes) -> Any:
    """Reads the message. Raises ValueError."""
    given = json.loads(body)
    if not isinstance(given, dict) or "input" not in given:
        raise ValueError('the body must be {"input": …}')
    content = given["input"]
    return decoding.message(content if isinstance(content, str) else json.dumps(content))


async def _call(function: Function, argument: object) -> str:
    """Returns the error, or ""."""
    try:
        await function.run(argument)
    except Exception as error:
        logger.exception("%s failed", function.name)
        return f"{type(error).__name__}: {error}"
    return ""
