"""Serves an HTTP request by an ASGI application of the app. The application is loaded with the
first request, so that no other trigger waits for it."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import azure.functions as func

from handlers.opening import opened
from hasten.app import App
from hasten.errors import PermanentError

if TYPE_CHECKING:
    from starlette.applications import Starlette

PROBLEM_MEDIA_TYPE = "application/problem+json"


async def serve(
    function: str, request: func.HttpRequest, choose: Callable[[App], "Starlette"]
) -> func.HttpResponse:
    """Answers 503 while a setting is wrong, and 400 to an address that is no URL."""
    if not _is_readable(request.url):
        return _problem(HTTPStatus.BAD_REQUEST, "the address is no URL in UTF-8", "correct it")
    try:
        app = opened(function)
    except PermanentError:
        return _problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Hasten is not configured",
            "an operator finds the wrong setting in the log, or with python -m hasten doctor",
        )
    answer: func.HttpResponse = await func.AsgiMiddleware(choose(app)).handle_async(request)
    return answer


def _is_readable(url: str) -> bool:
    """Returns whether the middleware can read the address. It raises otherwise."""
    try:
        parts = urlsplit(url)
        unquote_to_bytes(parts.path).decode()
        _ = parts.port
    except ValueError:
        return False
    return True


def _problem(status: HTTPStatus, detail: str, fix: str) -> func.HttpResponse:
    body = {"title": status.phrase, "status": status.value, "detail": detail, "fix": fix}
    return func.HttpResponse(
        json.dumps(body),
        status_code=status.value,
        mimetype=PROBLEM_MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )
