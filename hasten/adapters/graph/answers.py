"""Sorts the answers of Graph: a body, an error to retry later, or a refusal."""

import json
import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx

from hasten.adapters.retry_after import retry_after
from hasten.domain.missing_objects import names_what_is_missing
from hasten.domain.redaction import redacted
from hasten.errors import PermanentError, TemporaryError, WrongInputError
from hasten.json import Json

DEFAULT_RETRY_DELAY = timedelta(seconds=5)
TRANSIENT_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}
NOT_MADE_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT}
"""Graph has not made a write that it throttled, nor one that was in conflict."""

LIMIT_REACHED = re.compile(
    r"quota|maximum number|\blimit\b.*\breached|\breached\b.*\blimit", re.IGNORECASE | re.DOTALL
)
"""Matches Graph's code or message when no more subscriptions or objects are allowed."""

SUBSCRIPTION_LIMIT_CODE = "subscriptioncountreached"
"""Graph returns this code with 429 for some resources, although waiting does not help."""

NO_LICENCE_CODE = "authentication_requestfromnonpremiumtenantorb2ctenant"
"""Graph returns this code with 403 for reports that the tenant's licence does not contain."""


class RefusedError(PermanentError):
    """Graph answered with a 4xx. `code` is Graph's error code."""

    def __init__(self, status: int, code: str, message: str, next_action: str) -> None:
        super().__init__(f"Graph answered {status} {code} {message}".strip(), next_action)
        self.status = status
        self.code = code
        self.message = message


class RefusedValueError(RefusedError, WrongInputError):
    """Graph refused what the request names, not the caller."""


class PassingError(TemporaryError):
    """Graph answered with a transient error. `asked` says whether Graph asked for the delay or
    Hasten chose it."""

    def __init__(self, status: int, reason: str, asked: timedelta | None) -> None:
        super().__init__(reason, DEFAULT_RETRY_DELAY if asked is None else asked)
        self.status = status
        self.asked = asked is not None


class UnreadableError(TemporaryError):
    """Graph answered with success, but with an unexpected body. Hasten concludes nothing. `problem`
    names the property, and never its value."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"Graph's answer is not what was asked for: {problem}", DEFAULT_RETRY_DELAY
        )


def checked(response: httpx.Response, *, needs: str) -> httpx.Response:
    """Returns the response if it is a 2xx. Raises PassingError or RefusedError otherwise.

    `needs` names the Graph permission to grant when Graph refuses. A 404 means that something does
    not exist only if Graph says so: a proxy answers 404 as well.
    """
    if response.is_success:
        return response
    status = response.status_code
    error = graph_error(response)
    code, said = str((error or {}).get("code") or ""), str((error or {}).get("message") or "")
    message = redacted(said)
    is_full = status == HTTPStatus.FORBIDDEN and LIMIT_REACHED.search(f"{code} {said}") is not None
    is_full |= SUBSCRIPTION_LIMIT_CODE in f"{code} {said}".casefold()
    is_known = response.is_client_error and (
        status != HTTPStatus.NOT_FOUND or names_what_is_missing(error)
    )
    if not is_full and (not is_known or status in TRANSIENT_STATUSES):
        reason = f"Graph answered {status} {code} {message}".strip()
        raise PassingError(status, reason, retry_after(response))
    if is_full:
        next_action = (
            "delete what this app or tenant no longer needs, or ask Microsoft for a higher limit"
        )
    elif code.casefold() == NO_LICENCE_CODE:
        next_action = (
            "check the tenant's licence: Graph gives this report only with Entra ID P1 or P2"
        )
    elif status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        next_action = f"grant the app's identity {needs} on Microsoft Graph"
    else:
        next_action = "check that the object still exists in the tenant"
        raise RefusedValueError(status, code, message, next_action)
    raise RefusedError(status, code, message, next_action)


def graph_error(response: httpx.Response) -> Json | None:
    """Returns the error in Graph's response, or None if the body has another shape."""
    try:
        error: Any = json.loads(response.content)["error"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return error if isinstance(error, dict) else None


def body(response: httpx.Response) -> Json:
    """Returns the JSON object of a 2xx. Raises UnreadableError."""
    try:
        parsed: Any = json.loads(response.content)
    except (ValueError, RecursionError):
        raise UnreadableError(f"{len(response.content)} bytes that are no JSON") from None
    if not isinstance(parsed, dict):
        raise UnreadableError("it is no JSON object")
    if "error" in parsed:
        raise UnreadableError("it is an error with the status of success")
    return parsed


def shown(response: httpx.Response) -> httpx.Response:
    """Returns the response to a read if it is a 200. Raises UnreadableError for every other 2xx:
    the body may be a part of what was asked for, or changed by a proxy."""
    if response.status_code != HTTPStatus.OK:
        raise UnreadableError(f"the status is {response.status_code}")
    return response


def made(response: httpx.Response) -> None:
    """Checks the 2xx to a write: Graph answers 204, or 200 with the value `true`. Raises
    UnreadableError for everything else, because it is then unknown whether Graph received the
    request."""
    if response.status_code == HTTPStatus.NO_CONTENT:
        return
    if body(shown(response)).get("value") is not True:
        raise UnreadableError("it does not say that the write was made")


def count(response: httpx.Response) -> int:
    """Returns the number that a `$count` path answered. Raises UnreadableError."""
    written = response.content.removeprefix(b"\xef\xbb\xbf")
    if not re.fullmatch(rb"[0-9]{1,10}", written):
        raise UnreadableError("it is no number")
    return int(written)
