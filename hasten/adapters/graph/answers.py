"""What an answer of Graph means for whoever asked: a body, later, or no."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx

from hasten.domain.redaction import redacted
from hasten.errors import PermanentError, TemporaryError

DEFAULT_DELAY = timedelta(seconds=5)
PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}


class RefusedError(PermanentError):
    """Graph answered 4xx: `code` is its own word for why."""

    def __init__(self, status: int, code: str, message: str, next_action: str) -> None:
        super().__init__(f"Graph answered {status} {code} {message}".strip(), next_action)
        self.status = status
        self.code = code
        self.message = message


class PassingError(TemporaryError):
    """Graph answered what passes. `asked` tells whether the delay is Graph's wish or our guess."""

    def __init__(self, status: int, reason: str, asked: timedelta | None) -> None:
        super().__init__(reason, DEFAULT_DELAY if asked is None else asked)
        self.status = status
        self.asked = asked is not None


def checked(response: httpx.Response, *, needs: str) -> bytes:
    """The body of a 2xx. Raises PassingError and RefusedError else.

    `needs` names the Graph permission to grant when Graph refuses.
    """
    if response.is_success:
        return response.content
    status = response.status_code
    code, message = graph_error(response)
    if response.is_server_error or status in PASSING:
        reason = f"Graph answered {status} {code} {message}".strip()
        raise PassingError(status, reason, retry_after(response))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        next_action = f"grant the app's identity {needs} on Microsoft Graph"
    else:
        next_action = "check that the object still exists in the tenant"
    raise RefusedError(status, code, message, next_action)


def graph_error(response: httpx.Response) -> tuple[str, str]:
    """Code and message, without names, of Graph's error; empty where it has another shape."""
    try:
        error: Any = json.loads(response.content)["error"]
        return str(error.get("code") or ""), redacted(str(error.get("message") or ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def retry_after(response: httpx.Response) -> timedelta | None:
    """Seconds or an HTTP date (RFC 9110)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return timedelta(seconds=int(value))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(timedelta(0), at.astimezone(UTC) - datetime.now(UTC))
