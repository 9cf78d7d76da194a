"""Answers of the app over SCIM that Hasten does not accept."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hasten.adapters.scim.answers import MAX_BODY_BYTES
from hasten.adapters.scim.application import REQUEST_TIMEOUT
from hasten.domain.app_account import NotFound
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.application import AccessRefused, Throttled
from tests.support.scim_server import ADA, TOKEN, Server, user
from tests.support.virtual_time import virtual

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@virtual
async def test_an_account_is_gone_only_when_the_scim_server_says_so() -> None:
    said = {"schemas": [ERROR], "status": "404"}
    server = Server(httpx.Response(404, json=said), httpx.Response(404, text="<h1>Not Found</h1>"))
    application = server.application()

    assert await application.read("7") is None
    with pytest.raises(TemporaryError, match="404"):
        await application.read("7")


UNKNOWN: dict[str, httpx.Response | Exception] = {
    "HTML": httpx.Response(200, text="<html>Sign in</html>"),
    "nothing": httpx.Response(200),
    "cut off": httpx.Response(200, content=b'{"id": "7", "act'),
    "an array": httpx.Response(200, json=[]),
    "nested too deeply": httpx.Response(200, content=b"[" * 100_000),
    "an error as success": httpx.Response(200, json={"schemas": [ERROR], "status": "500"}),
    "another account": httpx.Response(200, json=user(id="8")),
    "active twice": httpx.Response(200, content=b'{"id": "7", "active": true, "active": false}'),
    "no id": httpx.Response(200, json={"active": False}),
    "an id of half a character": httpx.Response(200, content=b'{"id": "\\ud800"}'),
    "a body without end": httpx.Response(200, content=b" " * (MAX_BODY_BYTES + 1)),
    "no connection": httpx.ConnectError("refused"),
    "a connection that ends": httpx.RemoteProtocolError("closed"),
    "busy": httpx.Response(503),
    "a conflict": httpx.Response(409),
}


@pytest.mark.parametrize("case", UNKNOWN)
@virtual
async def test_an_answer_that_says_nothing_is_asked_for_again(case: str) -> None:
    server = Server(UNKNOWN[case])

    with pytest.raises(TemporaryError):
        await server.application().read("7")


@pytest.mark.parametrize(
    "lists",
    [
        {"totalResults": "1", "Resources": []},
        {"totalResults": 1, "Resources": []},
        {"totalResults": 0, "Resources": [user()]},
        {"totalResults": 1, "Resources": ["Ada"]},
        {"Resources": [user()]},
        {"totalResults": 1, "Resources": {"id": "7"}},
    ],
)
@virtual
async def test_a_list_that_contradicts_itself_is_asked_for_again(lists: dict[str, Any]) -> None:
    server = Server(httpx.Response(200, json=lists))

    with pytest.raises(TemporaryError):
        await server.application().find(ADA)


@virtual
async def test_a_refused_request_says_what_to_do() -> None:
    said = {"schemas": [ERROR], "scimType": "invalidFilter", "detail": "user ada@x.test"}
    server = Server(
        httpx.Response(401),
        httpx.Response(302, headers={"Location": "https://evil.example"}),
        httpx.Response(400, json=said),
    )
    application = server.application()

    with pytest.raises(AccessRefused, match=r"401.*token.*vault"):
        await application.find(ADA)
    with pytest.raises(AccessRefused, match=r"302.*scim\.url"):
        await application.find(ADA)
    with pytest.raises(PermanentError, match=r"invalidFilter.*scim\.match") as refused:
        await application.find(ADA)
    assert "ada" not in str(refused.value)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, ""), (400, "mutability"), (400, "invalidValue"), (404, ""), (405, ""), (501, "")],
)
@virtual
async def test_a_refusal_that_may_concern_one_account_says_nothing_about_hasten(
    status: int, code: str
) -> None:
    said = {"schemas": [ERROR], "status": str(status), "scimType": code}
    server = Server(httpx.Response(status, json=said))

    with pytest.raises(PermanentError) as refused:
        await server.application().deactivate("7")

    assert not isinstance(refused.value, AccessRefused)


@virtual
async def test_another_account_than_the_one_asked_for_concerns_that_person_alone() -> None:
    lists = {"totalResults": 1, "Resources": [user(externalId="another")]}

    with pytest.raises(PermanentError) as refused:
        await Server(httpx.Response(200, json=lists)).application().find(ADA)

    assert not isinstance(refused.value, AccessRefused)


@virtual
async def test_a_search_answered_with_404_is_no_refusal_and_no_proof() -> None:
    said = {"schemas": [ERROR], "status": "404"}
    server = Server(httpx.Response(404, json=said), httpx.Response(404, text="<h1>Not Found</h1>"))
    application = server.application()

    assert await application.find(ADA) == NotFound()
    with pytest.raises(TemporaryError):
        await application.find(ADA)


@virtual
async def test_it_waits_as_long_as_the_app_asks() -> None:
    server = Server(
        httpx.Response(429, headers={"Retry-After": "42"}), httpx.Response(429), httpx.Response(500)
    )
    application = server.application()
    asked: list[tuple[type, timedelta]] = []

    for _ in range(3):
        with pytest.raises(TemporaryError) as error:
            await application.find(ADA)
        asked.append((type(error.value), error.value.delay))

    assert asked[0] == (Throttled, timedelta(seconds=42))
    assert asked[1][0] is Throttled
    assert asked[2][0] is TemporaryError


@virtual
async def test_an_app_that_never_ends_its_answer_is_given_up() -> None:
    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            while True:
                yield b" "
                await asyncio.sleep(1)

    started = asyncio.get_running_loop().time()
    server = Server(httpx.Response(200, stream=Slow()))

    with pytest.raises(TemporaryError, match="TimeoutError"):
        await server.application().read("7")

    assert asyncio.get_running_loop().time() - started == REQUEST_TIMEOUT.total_seconds()


@virtual
async def test_the_token_is_in_no_error() -> None:
    said = {"detail": f"bad token {TOKEN}", "scimType": TOKEN}
    server = Server(httpx.Response(401, json=said), httpx.ConnectError(TOKEN))
    application = server.application()

    for _ in range(2):
        with pytest.raises((PermanentError, TemporaryError)) as error:
            await application.find(ADA)
        assert TOKEN not in str(error.value)
