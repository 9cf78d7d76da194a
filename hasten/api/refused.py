"""Counts the requests that are refused, and bounds their rate: whoever guesses tokens, or has a
script with an old one, fills neither the log nor the time of the app.

A request that is not refused is never held up: the bound is for the answers 401 and 403 alone.
"""

import math
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hasten.api.problems import problem
from hasten.context import Context
from hasten.telemetry.requests import RequestsRefused

MOST_A_MINUTE = 120
"""Refused requests of a process that get an answer and an event of their own in a minute. A person
who reloads a page, or a program that retries each second, stays below."""

WINDOW = timedelta(minutes=1)
RESULTS: dict[int, Literal["unauthorized", "forbidden"]] = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.FORBIDDEN: "forbidden",
}


class CountRefused:
    """`door` is the name of the application in events."""

    def __init__(self, app: ASGIApp, context: Context, door: str) -> None:
        self._app = app
        self._context = context
        self._door = door
        self._since: datetime | None = None
        self._in_window = 0
        self._not_counted = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait: int | None = None

        async def pass_on(message: Message) -> None:
            nonlocal wait
            if message["type"] == "http.response.start" and message["status"] in RESULTS:
                wait = self._refused(RESULTS[message["status"]])
            if wait is None:
                await send(message)

        await self._app(scope, receive, pass_on)
        if wait is not None:
            answer = problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too many requests were refused in this minute",
                f"correct the token or the role, then send the request again in {wait} seconds",
                headers={"Retry-After": str(wait)},
            )
            await answer(scope, receive, send)

    def _refused(self, result: Literal["unauthorized", "forbidden"]) -> int | None:
        """Counts a refused request. Returns for how many seconds more refused requests get no
        answer of their own, or None while they do."""
        now = self._context.now()
        if self._since is None or now - self._since >= WINDOW:
            self._since, self._in_window = now, 0
        self._in_window += 1
        if self._in_window <= MOST_A_MINUTE:
            self._emit(result)
            return None
        if self._in_window == MOST_A_MINUTE + 1:
            self._emit("throttled")
        else:
            self._not_counted += 1
        return math.ceil((self._since + WINDOW - now).total_seconds())

    def _emit(self, result: Literal["unauthorized", "forbidden", "throttled"]) -> None:
        count, self._not_counted = 1 + self._not_counted, 0
        self._context.emit(RequestsRefused(result=result, door=self._door, count=count))
