"""Defines Graph's errors: one exception, which the server converts to Graph's envelope."""

from collections.abc import Mapping
from http import HTTPStatus


class GraphError(Exception):
    """An answer other than success. `headers` are added to it (Retry-After, Location)."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def bad_request(message: str, code: str = "Request_BadRequest") -> GraphError:
    return GraphError(HTTPStatus.BAD_REQUEST, code, message)


def not_found(object_id: str) -> GraphError:
    return GraphError(
        HTTPStatus.NOT_FOUND,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried "
        "reference-property objects are not present.",
    )


def forbidden(message: str) -> GraphError:
    return GraphError(HTTPStatus.FORBIDDEN, "Authorization_RequestDenied", message)


def too_many_requests(retry_after: int) -> GraphError:
    """Returns the error 429. `retry_after` is in real seconds."""
    return GraphError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequests",
        "Too many requests. Please retry later.",
        {"Retry-After": str(retry_after)},
    )
