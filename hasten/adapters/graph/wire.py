"""Sends what the SDK's builders describe and reads the answers as plain JSON.

The SDK's own models take 13 ms a user to build; json.loads takes microseconds.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

import httpx
from azure.core.exceptions import AzureError
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_adapter import RequestAdapter
from kiota_abstractions.request_information import RequestInformation
from kiota_http.middleware.options import ResponseHandlerOption
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from hasten.adapters.graph.answers import DEFAULT_DELAY, PassingError, RefusedError, checked
from hasten.adapters.graph.pressure import Pressure
from hasten.adapters.graph.spacing import Spacing
from hasten.adapters.telemetry.traces import untraced
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.limits import (
    CALL_TIMEOUT,
    READ_TIMEOUT,
    REPORT_CALLS_PER_WINDOW,
    WINDOW,
    WINDOW_MARGIN,
)

T = TypeVar("T")

Turn = Callable[[], Awaitable[None]]

QUICK_TRIES = 3
QUICK_WAIT = wait_random_exponential(multiplier=0.2, max=2)
"""A request is tried again at once where a blip is likely; longer waits are the caller's."""

TOKEN_DELAY = timedelta(seconds=30)


class Wire:
    """`needs` names the Graph permission to grant when Graph refuses. `reports` has the turns of
    those who read a log."""

    def __init__(self, adapter: RequestAdapter) -> None:
        self._adapter = adapter
        self._pressure = Pressure()
        self.reports = Spacing(REPORT_CALLS_PER_WINDOW, WINDOW + WINDOW_MARGIN)

    async def send(
        self, request: RequestInformation, within: timedelta = CALL_TIMEOUT
    ) -> httpx.Response:
        """One request, whatever its answer. Raises TemporaryError when none came."""
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        try:
            async with asyncio.timeout(within.total_seconds()):
                with untraced():
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
        self._pressure.hear(response.headers.get("x-ms-throttle-limit-percentage"), _clock())
        return response

    async def read(self, request: RequestInformation, *, needs: str) -> Json:
        """The body. Raises TemporaryError and RefusedError."""
        return _json(await self._read(request, needs=needs))

    async def count(self, request: RequestInformation, *, needs: str) -> int:
        """Of a `$count` path. Raises TemporaryError and RefusedError."""
        # Only the index that is eventually consistent counts directory objects.
        request.headers.try_add("ConsistencyLevel", "eventual")
        return int((await self._read(request, needs=needs)).decode("utf-8-sig"))

    async def listed(
        self, request: RequestInformation, *, needs: str, turn: Turn | None = None
    ) -> list[Json]:
        """The items of all pages. A page may be empty and still have a next one. Each waits for
        its `turn`."""
        page = await self._page(request, needs=needs, turn=turn)
        items = [*page.get("value", ())]
        while "@odata.nextLink" in page:
            page = await self._page(link(page["@odata.nextLink"]), needs=needs, turn=turn)
            items += page.get("value", ())
        return items

    async def _page(self, request: RequestInformation, *, needs: str, turn: Turn | None) -> Json:
        if turn is not None:
            await turn()
        return await self.read(request, needs=needs)

    async def write(self, request: RequestInformation, *, needs: str) -> Json:
        """One that may be sent twice. Raises TemporaryError and RefusedError."""
        return _json(await self._insist(request, needs=needs))

    async def write_once(self, request: RequestInformation, *, needs: str) -> Json:
        """One that makes another thing each time. Raises TemporaryError and RefusedError."""
        return _json(checked(await self.send(request), needs=needs))

    async def _read(self, request: RequestInformation, *, needs: str) -> bytes:
        await asyncio.sleep(self._pressure.pause(_clock()))
        return await self._insist(request, needs=needs)

    async def _insist(self, request: RequestInformation, *, needs: str) -> bytes:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_worth_a_quick_try),
            stop=stop_after_attempt(QUICK_TRIES),
            wait=_quick_wait,
            reraise=True,
        ):
            with attempt:
                return checked(await self.send(request, READ_TIMEOUT), needs=needs)
        raise AssertionError("tenacity returns or raises")


async def or_none(asking: Awaitable[T]) -> T | None:
    """None where Graph answers 404."""
    try:
        return await asking
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


def _json(content: bytes) -> Json:
    body: Json = json.loads(content) if content else {}
    return body


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _worth_a_quick_try(error: BaseException) -> bool:
    return isinstance(error, TemporaryError) and error.delay <= DEFAULT_DELAY


def _quick_wait(state: RetryCallState) -> float:
    """Seconds; never less than Graph asked for, as requests before that count against us."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.delay.total_seconds() if isinstance(error, PassingError) and error.asked else 0.0
    return max(asked, QUICK_WAIT(state))
