"""Implements the Probes port on Azure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusSubQueue
from azure.servicebus.aio import ServiceBusClient

from hasten.adapters.servicebus import translated
from hasten.adapters.token import claims_of
from hasten.clouds import cloud_of
from hasten.errors import NoTokenError, PermanentError, TemporaryError
from hasten.ports.bus import TOPICS
from hasten.ports.clock import Now
from hasten.ports.probes import AnonymousAnswer, Token

Transport = Callable[[], httpx.AsyncBaseTransport]

PROBE_TIMEOUT_SECONDS = 10.0
"""Seconds. Graph itself waits ten for a handshake."""

MAX_DEAD_LETTERS_COUNTED = 100

DATE_HEADER_MEAN_FRACTION = timedelta(seconds=0.5)
"""A Date header has no fraction of a second; this is its average."""


class AzureProbes:
    def __init__(
        self,
        graph_url: str,
        credential: AsyncTokenCredential,
        service_bus: ServiceBusClient,
        now: Now,
        transport: Transport = httpx.AsyncHTTPTransport,
    ) -> None:
        self._graph_url = graph_url
        self._credential = credential
        self._service_bus = service_bus
        self._now = now
        self._transport = transport

    async def token(self) -> Token:
        try:
            token = await self._credential.get_token(cloud_of(self._graph_url).scope)
        except AzureError as error:
            raise NoTokenError("Microsoft Graph", error, timedelta()) from error
        return _read(token.token)

    async def clock_ahead(self) -> timedelta:
        began = self._now()
        answer = await self._asked("GET", self._graph_url, "Microsoft Graph")
        middle = began + (self._now() - began) / 2
        return middle - (_date(answer) + DATE_HEADER_MEAN_FRACTION)

    async def reach(self, queue: str) -> int:
        """A queue by its dead letters: no message of the queue itself is touched."""
        client, dead = self._service_bus, ServiceBusSubQueue.DEAD_LETTER
        try:
            if queue in TOPICS:
                async with client.get_topic_sender(queue) as sender:
                    await sender.create_message_batch()
                    return 0
            async with client.get_queue_receiver(queue, sub_queue=dead) as receiver:
                return len(await receiver.peek_messages(MAX_DEAD_LETTERS_COUNTED))
        except (AzureError, OSError) as error:
            role = "Sender" if queue in TOPICS else "Receiver"
            raise translated(error, queue, to="reach", role=role) from error

    async def handshake(self, url: str, token: str) -> None:
        try:
            query = {"validationToken": token}
            answer = await self._asked("POST", url, "the webhook", params=query)
        except TemporaryError as error:
            raise PermanentError(
                error.reason,
                "check HASTEN_PUBLIC_URL, and that the app runs and takes requests from the "
                "internet: Graph must reach it",
            ) from error
        if answer.status_code != HTTPStatus.OK or answer.text != token:
            raise PermanentError(
                f"the webhook answered {answer.status_code} to Graph's handshake",
                "check that HASTEN_PUBLIC_URL is the address of this app and nothing stands "
                "before it that asks for a sign-in",
            )

    async def anonymous(self, url: str) -> AnonymousAnswer:
        answer = await self._asked("GET", url, "the app")
        return AnonymousAnswer(answer.status_code, answer.headers.get("location", ""))

    async def _asked(self, method: str, url: str, whom: str, **request: Any) -> httpx.Response:
        transport = self._transport()
        try:
            async with httpx.AsyncClient(
                transport=transport, timeout=PROBE_TIMEOUT_SECONDS
            ) as client:
                return await client.request(method, url, **request)
        except httpx.HTTPError as error:
            raise TemporaryError(
                f"{whom} did not answer: {type(error).__name__}", timedelta(minutes=1)
            ) from error


def _date(answer: httpx.Response) -> datetime:
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError) as error:
        raise PermanentError(
            "Microsoft Graph's answer has no valid Date header",
            "check that HASTEN_GRAPH_URL is Graph's",
        ) from error


def _read(token: str) -> Token:
    """Graph verifies the token, the doctor only shows what it says."""
    try:
        claims = claims_of(token)
        return Token(
            permissions=frozenset(claims.get("roles", ())),
            is_of_app="scp" not in claims,
            tenant=str(claims.get("tid", "")).lower(),
        )
    except ValueError as error:
        raise PermanentError(
            "the token for Microsoft Graph cannot be read", "check HASTEN_GRAPH_URL"
        ) from error
