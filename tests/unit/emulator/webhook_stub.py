"""A webhook without a network: it keeps what it gets, and takes its time."""

import json
from collections.abc import Callable
from typing import Any

import httpx

HOOK = "https://hasten.example/notify"


class Hook(httpx.AsyncBaseTransport):
    """`takes` is called at each notification, and may move the clock."""

    def __init__(self, takes: Callable[[], None] = lambda: None) -> None:
        self.takes = takes
        self.items: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        token = request.url.params.get("validationToken")
        if token is not None:
            return httpx.Response(200, headers={"Content-Type": "text/plain"}, text=token)
        self.takes()
        self.items += json.loads(await request.aread())["value"]
        return httpx.Response(202)
