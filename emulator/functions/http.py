"""HTTP triggers, and the host's own endpoints under /admin."""

import hmac
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from azure.functions.http import HttpResponseConverter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.functions import decoding
from emulator.functions.app import Function, Json

logger = logging.getLogger("functions.http")

ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
CATCH_ALL = re.compile(r"\{\*(\w+)\}")
CONSTRAINT = re.compile(r"\{(\w+)[:?][^}]*\}")

Fire = Callable[[str], Any]


def application(
    functions: Sequence[Function], *, prefix: str, key: str, status: Callable[[], Json], fire: Fire
) -> Starlette:
    """`key` opens functions of level FUNCTION and ADMIN; `fire` runs a timer by its name."""

    async def host_status(_: Request) -> Response:
        return JSONResponse(status())

    async def run_now(request: Request) -> Response:
        name = request.path_params["name"]
        if not any(f.name == name and f.kind == "timerTrigger" for f in functions):
            return JSONResponse({"error": f"no timer is named {name}"}, 404)
        running = fire(name)
        if request.headers.get("x-wait") != "true":
            return Response(status_code=202)
        error = await running
        return JSONResponse({"error": error}, 500) if error else JSONResponse({})

    return Starlette(
        routes=[
            Route("/admin/host/status", host_status),
            Route("/admin/functions/{name}", run_now, methods=["POST"]),
            *(_route(f, prefix, key) for f in functions if f.kind == "httpTrigger"),
        ]
    )


def _route(function: Function, prefix: str, key: str) -> Route:
    template = str(function.trigger.get("route") or function.name)
    path = CONSTRAINT.sub(r"{\1}", CATCH_ALL.sub(r"{\1:path}", template))
    is_open = str(function.trigger.get("authLevel", "FUNCTION")).upper() == "ANONYMOUS"

    async def serve(request: Request) -> Response:
        if not is_open and not _has_key(request, key):
            return Response(status_code=401)
        try:
            answer = await function.run(await decoding.http(request))
        except Exception:
            logger.exception("%s failed", function.name)
            return Response(status_code=500)
        return _response(answer)

    methods = [str(m) for m in function.trigger.get("methods") or ALL_METHODS]
    return Route(f"/{prefix}/{path}".replace("//", "/"), serve, methods=methods)


def _has_key(request: Request, key: str) -> bool:
    given = request.query_params.get("code") or request.headers.get("x-functions-key") or ""
    return hmac.compare_digest(given.encode(), key.encode())


def _response(answer: Any) -> Response:
    datum = HttpResponseConverter.encode(answer, expected_type=None)
    if datum.type == "string":
        return Response(datum.value, media_type="text/plain")
    value: Mapping[str, Any] = datum.value
    headers = {name: header.value for name, header in value["headers"].items()}
    return Response(value["body"].value, int(value["status_code"].value), headers)
