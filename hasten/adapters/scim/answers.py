"""Sorts the answers of an app's SCIM server: a body, an error to try again later, or a refusal."""

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import httpx

from hasten.adapters.retry_after import retry_after
from hasten.adapters.scim.attributes import values
from hasten.domain.bounded_json import json_in
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.ports.application import AccessRefused, Throttled

RETRY_DELAY = timedelta(seconds=15)
"""Delay if the app does not ask for another."""

MAX_BODY_BYTES = 256 * 1024
"""A few accounts have some KiB. More is no answer to what Hasten asks."""

TRANSIENT_STATUSES = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
    }
)
"""412: somebody else wrote the account meanwhile."""

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
"""A 404 means that an account does not exist only with this schema: a proxy answers 404 as well."""

SCHEMAS = ("schemas", "schema")
"""AWS IAM Identity Center writes the second one (its documentation)."""


class AppAnswer(NamedTuple):
    status: int
    headers: httpx.Headers
    content: bytes


class UnreadableAccountError(TemporaryError):
    """The app answered with success, but with an unexpected body. Hasten concludes nothing."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the app's answer is not what was asked for: {problem}", RETRY_DELAY)


def checked(answer: AppAnswer) -> AppAnswer:
    """Returns the answer if it is a 2xx. Raises Throttled or TemporaryError, AccessRefused for an
    answer that concerns Hasten itself, and PermanentError for one that may concern this request
    alone: an app refuses to disable its owner with 403."""
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    reason = f"the app answered {status} {_code(answer)}".strip()
    if status < HTTPStatus.BAD_REQUEST:
        raise AccessRefused(
            reason, "correct scim.url in targets.yaml: the address sends Hasten elsewhere"
        )
    if status == HTTPStatus.UNAUTHORIZED:
        raise AccessRefused(
            reason, "put a valid token with the right to read and disable users into the vault"
        )
    if status == HTTPStatus.FORBIDDEN:
        raise PermanentError(
            reason,
            "disable an account that the app protects, such as its owner's, in the app; if it "
            "refuses others too, give the token the right to read and disable users",
        )
    if status in {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.METHOD_NOT_ALLOWED}:
        raise PermanentError(
            reason, "say `patch: put` under scim in targets.yaml if the app has no PATCH"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in TRANSIENT_STATUSES:
        delay = retry_after(httpx.Response(status, headers=answer.headers)) or RETRY_DELAY
        kind = Throttled if status == HTTPStatus.TOO_MANY_REQUESTS else TemporaryError
        raise kind(reason, delay)
    if status == HTTPStatus.NOT_FOUND and not is_unknown_account(answer):
        raise TemporaryError(reason, RETRY_DELAY)
    raise PermanentError(reason, "check scim.url, scim.match and scim.patch in targets.yaml")


def is_unknown_account(answer: AppAnswer) -> bool:
    """Returns whether the SCIM server itself says that the account does not exist."""
    return answer.status == HTTPStatus.NOT_FOUND and _is_error(_object(answer))


def body(answer: AppAnswer) -> Json:
    """Returns the JSON object of a 2xx. Raises UnreadableAccountError."""
    found = _object(answer)
    if found is None:
        raise UnreadableAccountError(f"{len(answer.content)} bytes that are no JSON object")
    if _is_error(found):
        raise UnreadableAccountError("it is an error with the status of success")
    return found


def _object(answer: AppAnswer) -> Json | None:
    parsed = json_in(answer.content)
    return parsed if isinstance(parsed, dict) else None


def _is_error(found: Json | None) -> bool:
    """Returns whether the body has the schema of an error. Some apps write one schema as a text,
    and not as a list."""
    listed: list[Any] = []
    for schemas in values(found or {}, *SCHEMAS):
        listed += schemas if isinstance(schemas, list) else [schemas]
    wanted = ERROR_SCHEMA.casefold()
    return any(isinstance(one, str) and one.casefold() == wanted for one in listed)


def _code(answer: AppAnswer) -> str:
    """Returns the error code of SCIM. The text beside it may name people, or repeat the token."""
    code = (_object(answer) or {}).get("scimType")
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{1,40}", code) else ""
