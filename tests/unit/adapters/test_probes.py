"""The doctor's probes, with the wire faked."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.identity import CredentialUnavailableError
from azure.servicebus.aio import ServiceBusClient

from hasten.adapters.probes import AzureProbes
from hasten.errors import NoTokenError, PermanentError, TemporaryError
from hasten.ports.probes import Token

NOW = datetime(2026, 11, 24, 9, 0, 0, 500_000, tzinfo=UTC)
URL = "https://hasten.example/api/graph/notifications"
GRAPH = "https://graph.example/v1.0"
SERVICE_BUS = "Endpoint=sb://127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=b"

Answer = Callable[[httpx.Request], httpx.Response]


class Credential:
    """Gives this token, or raises where there is none."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        if self._token is None:
            raise CredentialUnavailableError("tenant contoso has no such client")
        return AccessToken(self._token, 0)

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


def token(**claims: Any) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{part}.signature"


def probes(answer: Answer | None = None, given: str | None = "") -> AzureProbes:
    return AzureProbes(
        GRAPH,
        Credential(given),
        ServiceBusClient.from_connection_string(SERVICE_BUS),
        lambda: NOW,
        lambda: httpx.MockTransport(answer or (lambda _: httpx.Response(200))),
    )


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"roles": ["A", "B"]}, Token(permissions=frozenset("AB"), is_of_app=True)),
        ({}, Token(permissions=frozenset(), is_of_app=True)),
        ({"scp": "User.Read"}, Token(permissions=frozenset(), is_of_app=False)),
    ],
)
async def test_application_permissions_are_read_from_a_token(
    claims: dict[str, Any], expected: Token
) -> None:
    assert await probes(given=token(**claims)).token() == expected


@pytest.mark.parametrize("given", ["", "opaque", "a.b.c", "e30.W10.x"])
async def test_a_token_that_cannot_be_read_is_said_to_be_one(given: str) -> None:
    with pytest.raises(PermanentError, match="cannot be read"):
        await probes(given=given).token()


async def test_without_a_token_nobody_is_named() -> None:
    with pytest.raises(NoTokenError, match=r"no token .*CredentialUnavailableError") as refused:
        await probes(given=None).token()

    assert "contoso" not in str(refused.value)


@pytest.mark.parametrize("seconds", [0, 7, -90])
async def test_the_clock_is_compared_with_the_date_of_graph_whatever_it_answers(
    seconds: int,
) -> None:
    graphs = (NOW - timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    ahead = await probes(lambda _: httpx.Response(401, headers={"Date": graphs})).clock_ahead()

    assert ahead == timedelta(seconds=seconds)


async def test_an_answer_without_a_date_gives_no_time() -> None:
    with pytest.raises(PermanentError, match="no valid Date header"):
        await probes().clock_ahead()


async def test_the_webhook_must_give_the_token_back() -> None:
    asked: list[httpx.Request] = []

    def echo(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text=request.url.params["validationToken"])

    await probes(echo).handshake(URL, "a b&c")

    assert [request.method for request in asked] == ["POST"]


@pytest.mark.parametrize("answer", [httpx.Response(302), httpx.Response(200, text="Sign in")])
async def test_a_webhook_that_answers_anything_else_is_not_ours(answer: httpx.Response) -> None:
    with pytest.raises(PermanentError, match=f"answered {answer.status_code}") as refused:
        await probes(lambda _: answer).handshake(URL, "token")

    assert "HASTEN_PUBLIC_URL" in refused.value.next_action


async def test_an_unreachable_webhook_is_reported_with_the_next_action() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(PermanentError, match="did not answer: ConnectError") as refused:
        await probes(refuse).handshake(URL, "token")
    with pytest.raises(TemporaryError):
        await probes(refuse).clock_ahead()

    assert "Graph must reach it" in refused.value.next_action
