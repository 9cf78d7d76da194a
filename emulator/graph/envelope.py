"""Builds Graph's error envelope and JSON responses."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from emulator.graph.errors import GraphError

JSON_TYPE = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)


def graph_json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(content, status, headers, media_type=JSON_TYPE)


def error_response(error: GraphError, ids: tuple[str, str]) -> Response:
    """Returns Graph's error response. `ids` are the request's own id and the client's."""
    request_id, client_request_id = ids
    body = {
        "error": {
            "code": error.code,
            "message": error.message,
            "innerError": {
                "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }
    }
    return graph_json(body, error.status, error.headers)


async def on_graph_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, GraphError)  # noqa: S101 - registered for this type only
    return error_response(error, _ids(request))


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answers a path or method without a route."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type only
    status, message = error.status_code, str(error.detail)
    if status == HTTPStatus.NOT_FOUND:
        segment = request.url.path.rsplit("/", 1)[-1]
        status, message = 400, f"Resource not found for the segment '{segment}'."
    return error_response(GraphError(status, "BadRequest", message), _ids(request))


def _ids(request: Request) -> tuple[str, str]:
    ids: tuple[str, str] = request.scope.get("graph.ids", ("", ""))
    return ids
