"""Sends what the SDK's builders describe and reads the answers as plain JSON. The SDK's own models
take 13 ms per user to build; json.loads takes microseconds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar

import httpx
from azure.core.exceptions import AzureError
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

from hasten.adapters.graph.answers import (
    DEFAULT_RETRY_DELAY,
    NOT_MADE_STATUSES,
    PassingError,
    RefusedError,
    body,
    checked,
    count,
    made,
    shown,
)
from hasten.adapters.graph.paging import NEXT_LINK_KEY, Trail, items
from hasten.adapters.graph.pressure import Pressure
from hasten.adapters.graph.shapes import Parse
from hasten.adapters.graph.spacing import Spacing
from hasten.adapters.telemetry.traces import untraced
from hasten.errors import NoTokenError, TemporaryError
from hasten.limits import (
    CALL_TIMEOUT,
    CALL_WINDOW,
    CALL_WINDOW_MARGIN,
    MAX_PAGES,
    READ_TIMEOUT,
    REPORT_CALLS_PER_WINDOW,
)

T = TypeVar("T")

Turn = Callable[[], Awaitable[None]]

QUICK_TRIES = 3
QUICK_WAIT = wait_random_exponential(multiplier=0.2, max=2)
"""Quick retries cover short failures; the caller handles longer waits."""

TOKEN_DELAY = timedelta(seconds=30)


def _worth_a_quick_try(error: BaseException) -> bool:
    return isinstance(error, TemporaryError) and error.delay <= DEFAULT_RETRY_DELAY


def _was_not_made(error: BaseException) -> bool:
    is_refused = isinstance(error, PassingError) and error.status in NOT_MADE_STATUSES
    return is_refused and _worth_a_quick_try(error)


class Wire:
    """Sends requests through the SDK's adapter. `needs` names the Graph permission to grant when
    Graph refuses. `reports` spaces the reads of a log."""

    def __init__(self, adapter: RequestAdapter) -> None:
        self._adapter = adapter
        self._pressure = Pressure()
        self.reports = Spacing(REPORT_CALLS_PER_WINDOW, CALL_WINDOW + CALL_WINDOW_MARGIN)

    async def send(
        self, request: RequestInformation, within: timedelta = CALL_TIMEOUT
    ) -> httpx.Response:
        """Sends one request and returns its answer, whatever it is. Raises TemporaryError if none
        came."""
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        self._expand(request)
        try:
            async with asyncio.timeout(within.total_seconds()):
                with untraced():
                    response = await self._adapter.send_primitive_async(request, "bytes", {})
        except (httpx.RequestError, TimeoutError) as error:
            reason = f"Graph did not answer: {type(error).__name__}"
            raise TemporaryError(reason, DEFAULT_RETRY_DELAY) from error
        except AzureError as error:
            raise NoTokenError("Graph", error, TOKEN_DELAY) from error
        if not isinstance(response, httpx.Response):
            raise TypeError(f"the SDK returned {type(response).__name__}, not the native answer")
        self._pressure.hear(response.headers.get("x-ms-throttle-limit-percentage"), _clock())
        return response

    def _expand(self, request: RequestInformation) -> None:
        """Expands the URL template once: the SDK expands it at each look at the URL, which takes a
        third of the time of a request."""
        request.path_parameters["baseurl"] = self._adapter.base_url
        url = request.url
        request.path_parameters = {}  # setting the URL would empty those of the builder
        request.url = url

    async def read(self, request: RequestInformation, parse: Parse[T], *, needs: str) -> T:
        """Returns what `parse` makes of the body. Raises TemporaryError and RefusedError."""
        return await self._read(request, lambda response: parse(body(response)), needs=needs)

    async def count(self, request: RequestInformation, *, needs: str) -> int:
        """Returns the number that a `$count` path answers. Raises TemporaryError and
        RefusedError."""
        # Graph counts directory objects only in its eventually consistent index.
        request.headers.try_add("ConsistencyLevel", "eventual")
        return await self._read(request, count, needs=needs)

    async def listed(
        self,
        request: RequestInformation,
        parse: Parse[T],
        *,
        needs: str,
        turn: Turn | None = None,
        prefer: str = "",
        enough: Callable[[Sequence[T]], bool] = lambda _: False,
    ) -> list[T]:
        """Returns what `parse` makes of each item of all pages, or raises: a partial list would
        suggest that other items do not exist. A page may be empty and still have a next one. Each
        page waits for its `turn`, and is asked for with the header Prefer if `prefer` is given. No
        page is read after those that are `enough`."""
        trail = self.trail(MAX_PAGES)
        found: list[T] = []

        def take(response: httpx.Response) -> tuple[list[T], str | None]:
            page = body(response)
            return [parse(item) for item in items(page)], trail.link_of(page, NEXT_LINK_KEY)

        following: RequestInformation | None = request
        while following is not None:
            if turn is not None:
                await turn()
            if prefer:
                following.headers.try_add("Prefer", prefer)
            some, url = await self._read(following, take, needs=needs)
            found += some
            following = None if url is None or enough(found) else trail.follow(url)
        return found

    def trail(self, most: int, begin: str = "") -> Trail:
        """Returns the trail of a read of at most `most` pages; `begin` is the link of the first
        page, if it has one."""
        return Trail(str(self._adapter.base_url), most, begin)

    async def write(self, request: RequestInformation, *, needs: str) -> None:
        """Sends a write that may be sent twice. Raises TemporaryError and RefusedError."""
        await self._insist(request, made, needs=needs)

    async def write_in_turn(
        self, request: RequestInformation, take: Callable[[httpx.Response], T], *, needs: str
    ) -> T:
        """Sends a write that a later one may undo. Sends it again only if Graph says that it was
        not made: a try that was not answered may take effect late, and the success of the next try
        would hide that. Raises TemporaryError and RefusedError."""
        return await self._insist(request, take, needs=needs, worth=_was_not_made)

    async def write_and_read(
        self, request: RequestInformation, parse: Parse[T], *, needs: str
    ) -> T:
        """Sends a write that may be sent twice, and returns what `parse` makes of the answer."""
        return await self._insist(request, lambda response: parse(body(response)), needs=needs)

    async def write_once(self, request: RequestInformation, parse: Parse[T], *, needs: str) -> T:
        """Sends a write that creates another object each time, so never again. Raises
        TemporaryError and RefusedError."""
        return parse(body(checked(await self.send(request), needs=needs)))

    async def _read(
        self, request: RequestInformation, take: Callable[[httpx.Response], T], *, needs: str
    ) -> T:
        await asyncio.sleep(self._pressure.pause(_clock()))
        return await self._insist(request, lambda response: take(shown(response)), needs=needs)

    async def _insist(
        self,
        request: RequestInformation,
        take: Callable[[httpx.Response], T],
        *,
        needs: str,
        worth: Callable[[BaseException], bool] = _worth_a_quick_try,
    ) -> T:
        """Repeats the request after an error that is `worth` a quick try: by default, if no answer
        came, or if `take` cannot read the answer."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(worth),
            stop=stop_after_attempt(QUICK_TRIES),
            wait=_quick_wait,
            reraise=True,
        ):
            with attempt:
                return take(checked(await self.send(request, READ_TIMEOUT), needs=needs))
        raise AssertionError("tenacity returns or raises")


async def or_none(asking: Awaitable[T]) -> T | None:
    """Returns None if Graph answers 404."""
    try:
        return await asking
    except RefusedError as refused:
        if refused.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _quick_wait(state: RetryCallState) -> float:
    """Returns seconds; never less than Graph asked for, because earlier requests count against the
    limit."""
    error = _error(state)
    asked = error.delay.total_seconds() if isinstance(error, PassingError) and error.asked else 0.0
    return max(asked, QUICK_WAIT(state))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
