"""Answers errors as problem details (RFC 9457), each with the fix."""

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hasten.errors import (
    Conflict,
    NotFoundError,
    PermanentError,
    TemporaryError,
    WrongInputError,
)
from hasten.json import Json

MEDIA_TYPE = "application/problem+json"

NOBODY_KEEPS_IT = {"Cache-Control": "no-store"}
"""No answer of the API may be stored by a browser or by a proxy."""


class ApiError(Exception):
    """Ends a request with a problem. `fix` says what the caller can do, and `faults` names the
    fields at fault."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        fix: str,
        *,
        faults: Sequence[Json] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fix = fix
        self.faults = faults
        self.headers = headers or {}


def problem(
    status: HTTPStatus,
    detail: str,
    fix: str,
    *,
    faults: Sequence[Json] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Returns the answer. Its `title` is the text of the status, as RFC 9457 asks for a problem
    without a type of its own."""
    body: dict[str, Any] = {
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "fix": fix,
    }
    if faults:
        body["faults"] = list(faults)
    return Response(
        json.dumps(body),
        status,
        {**NOBODY_KEEPS_IT, **(headers or {})},
        media_type=MEDIA_TYPE,
    )


async def on_api_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return problem(
        error.status, error.detail, error.fix, faults=error.faults, headers=error.headers
    )


async def on_http_error(_: Request, error: Exception) -> Response:
    """Answers a path that does not exist (404) and a method that it does not have (405)."""
    if not isinstance(error, HTTPException):
        raise error
    return problem(
        HTTPStatus(error.status_code),
        str(error.detail),
        "see /api/v1/openapi.json for the paths and their methods",
        headers=error.headers,
    )


async def on_permanent_error(_: Request, error: Exception) -> Response:
    """Answers 409 unless the request itself is wrong: another try cannot help until someone does
    the fix."""
    if not isinstance(error, PermanentError):
        raise error
    status = HTTPStatus.CONFLICT
    if isinstance(error, NotFoundError):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, WrongInputError):
        status = HTTPStatus.BAD_REQUEST
    return problem(status, error.reason, error.next_action)


async def on_temporary_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, TemporaryError):
        raise error
    wait = max(1, math.ceil(error.delay.total_seconds()))
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        error.reason,
        f"send the request again in {wait} seconds",
        headers={"Retry-After": str(wait)},
    )


async def on_conflict(_: Request, error: Exception) -> Response:
    if not isinstance(error, Conflict):
        raise error
    return problem(
        HTTPStatus.CONFLICT,
        "somebody else decided about the same at the same moment, and nothing was written",
        "read it again, then decide again",
    )


HANDLERS = {
    ApiError: on_api_error,
    HTTPException: on_http_error,
    PermanentError: on_permanent_error,
    TemporaryError: on_temporary_error,
    Conflict: on_conflict,
}
"""The answers to errors. Any other exception is a bug: it leaves the app, and the Functions host
logs it and answers 500."""
