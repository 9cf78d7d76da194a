"""Sends what the SDK's builders describe and reads the answers as plain JSON.

The SDK's own models take 13 ms a user to build; json.loads takes microseconds.
"""

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from azure.core.exceptions import AzureError
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_adapter import RequestAdapter
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import ResponseHandlerOption
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from hasten.domain.redaction import redacted
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import CALL_TIMEOUT, READ_TIMEOUT
from hasten.ports.store import Json

T = TypeVar("T")

QUICK_TRIES = 3
QUICK_WAIT = wait_random_exponential(multiplier=0.2, max=2)
"""A read is tried again at once where a blip is likely; longer waits are the caller's."""

DEFAULT_DELAY = timedelta(seconds=5)
PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}
TOKEN_DELAY = timedelta(seconds=30)


class RefusedError(PermanentError):
    """Graph answered 4xx: `code` is its own word for why."""

    def __init__(self, status: int, code: str, message: str, next_action: str) -> None:
        super().__init__(f"Graph answered {status} {code} {message}".strip(), next_action)
        self.status = status
        self.code = code


class Wire:
    """`needs` names the Graph permission to grant when Graph refuses."""

    def __init__(self, adapter: RequestAdapter) -> None:
        self._adapter = adapter

    async def send(
        self, request: RequestInformation, within: timedelta = CALL_TIMEOUT
    ) -> httpx.Response:
        """One request, whatever its answer. Raises TemporaryError when none came."""
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        try:
            async with asyncio.timeout(within.total_seconds()):
                response = await self._adapter.send_primitive_async(request, "bytes", {})
        except (httpx.TransportError, TimeoutError) as error:
            reason = f"Graph did not answer: {type(error).__name__}"
            raise TemporaryError(reason, DEFAULT_DELAY) from error
        except AzureError as error:
            # The message may name tenant and client; the type says enough.
            reason = f"no token for Graph: {type(error).__name__}"
            raise TemporaryError(reason, TOKEN_DELAY) from error
        if not isinstance(response, httpx.Response):
            raise TypeError(f"the SDK returned {type(response).__name__}, not the native answer")
        return response

    async def read(self, request: RequestInformation, *, needs: str) -> Json:
        """The body. Raises TemporaryError and RefusedError."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_worth_a_quick_try),
            stop=stop_after_attempt(QUICK_TRIES),
            wait=QUICK_WAIT,
            reraise=True,
        ):
            with attempt:
                return checked(await self.send(request, READ_TIMEOUT), needs=needs)
        raise AssertionError("tenacity returns or raises")

    async def listed(self, request: RequestInformation, *, needs: str) -> list[Json]:
        """The items of all pages. A page may be empty and still have a next one."""
        page = await self.read(request, needs=needs)
        items = [*page.get("value", ())]
        while "@odata.nextLink" in page:
            page = await self.read(link(page["@odata.nextLink"]), needs=needs)
            items += page.get("value", ())
        return items


async def or_none(reading: Awaitable[T]) -> T | None:
    """None where Graph answers 404."""
    try:
        return await reading
    except RefusedError as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def link(url: str) -> RequestInformation:
    """A GET of a nextLink or deltaLink, verbatim."""
    request = RequestInformation(Method.GET)
    request.url = url
    request.headers.try_add("Accept", "application/json")
    return request


def checked(response: httpx.Response, *, needs: str) -> Json:
    """The body of a 2xx. Raises TemporaryError and RefusedError else."""
    if response.is_success:
        body: Json = json.loads(response.content) if response.content else {}
        return body
    status = response.status_code
    code, message = graph_error(response)
    if response.is_server_error or status in PASSING:
        reason = f"Graph answered {status} {code} {message}".strip()
        raise TemporaryError(reason, retry_after(response) or DEFAULT_DELAY)
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


def _worth_a_quick_try(error: BaseException) -> bool:
    return isinstance(error, TemporaryError) and error.delay <= DEFAULT_DELAY
