"""Runs HTTP triggers: each function under its route, protected by its key."""

import asyncio
import hmac
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from azure.functions.http import HttpResponseConverter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.functions import decoding
from emulator.functions.app import Function
from emulator.functions.invocations import Invocations

logger = logging.getLogger("functions.http")

ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
CATCH_ALL = re.compile(r"\{\*(\w+)\}")
CATCH_ALL_TAIL = re.compile(r"/\{\w+:path\}$")
CONSTRAINT = re.compile(r"\{(\w+)[:?][^}]*\}")


def http_routes(
    function: Function,
    *,
    prefix: str,
    key: str,
    invocations: Invocations,
    is_stopping: Callable[[], bool],
) -> list[Route]:
    """Returns the routes: a catch-all parameter also matches nothing, without the slash before it.
    `key` opens a function that is not anonymous; an empty key opens none."""
    template = str(function.trigger.get("route") or function.name)
    path = CATCH_ALL.sub(r"{\1:path}", CONSTRAINT.sub(r"{\1}", template))
    is_open = str(function.trigger.get("authLevel", "FUNCTION")).upper() == "ANONYMOUS"

    async def serve(request: Request) -> Response:
        if not is_open and not _has_key(request, key):
            return Response(status_code=401)
        if is_stopping():
            return Response(status_code=503)
        return await asyncio.shield(invocations.start(_answer(function, request)))

    methods = [str(m) for m in function.trigger.get("methods") or ALL_METHODS]
    whole = f"/{prefix}/{path}".replace("//", "/")
    paths = [whole, CATCH_ALL_TAIL.sub("", whole)] if CATCH_ALL_TAIL.search(whole) else [whole]
    return [Route(one, serve, methods=methods) for one in paths]


def _has_key(request: Request, key: str) -> bool:
    given = request.query_params.get("code") or request.headers.get("x-functions-key") or ""
    return bool(key) and hmac.compare_digest(given.encode(), key.encode())


async def _answer(function: Function, request: Request) -> Response:
    try:
        return _response(await function.run(await decoding.http(request)))
    except Exception:
        logger.exception("%s failed", function.name)
        return Response(status_code=500)


def _response(answer: Any) -> Response:
    datum = HttpResponseConverter.encode(answer, expected_type=None)
    if datum.type == "string":
        return Response(datum.value, media_type="text/plain")
    value: Mapping[str, Any] = datum.value
    headers = {name: header.value for name, header in value["headers"].items()}
    response = Response(value["body"].value, int(value["status_code"].value), headers)
    for cookie in value["cookies"] or ():
        for morsel in cookie.values():
            response.headers.append("Set-Cookie", morsel.OutputString())
    return response
