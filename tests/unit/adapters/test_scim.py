"""The app over SCIM: what Hasten sends, and what it makes of every answer."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from hasten.adapters.scim.answers import MAX_BODY_BYTES
from hasten.adapters.scim.application import TIMEOUT, ScimApplication
from hasten.domain.app_account import AppAccount, NoAccount, PatchForm, SeveralAccounts
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.application import Capabilities, Throttled
from hasten.scim import Match, Scim
from tests.support.virtual_time import virtual

ADA = "0000cccc-0000-4000-8000-000000000001"
OTHER = "0000cccc-0000-4000-8000-000000000002"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
TOKEN = "a-token-of-the-tests"


def scim(**changes: Any) -> Scim:
    given = {
        "url": "https://app.example/scim/v2",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": Match(app="externalId", entra="id"),
    }
    return Scim.model_validate({**given, **changes})


class Server:
    """Answers each request with the next of the answers; keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def application(self, settings: Scim | None = None) -> ScimApplication:
        transport = httpx.MockTransport(self._answer)
        return ScimApplication(settings or scim(), SecretStr(TOKEN), transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def user(**changes: Any) -> dict[str, Any]:
    return {"id": "7", "externalId": ADA, "userName": "ada@x.test", "active": True, **changes}


def listed(*resources: Any, total: Any = None) -> httpx.Response:
    body = {"totalResults": len(resources) if total is None else total, "Resources": resources}
    return httpx.Response(200, json=body)


@virtual
async def test_it_asks_for_the_matching_attribute_with_the_token() -> None:
    server = Server(listed(user()))

    found = await server.application().find(ADA)

    [request] = server.requests
    assert found == AppAccount(id="7", active=True)
    assert request.url.raw_path.startswith(b"/scim/v2/Users?filter=externalId%20eq%20%22")
    assert request.url.params["filter"] == f'externalId eq "{ADA}"'
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["User-Agent"] == "Hasten"


@virtual
async def test_a_value_cannot_leave_its_place_in_the_filter() -> None:
    server = Server(listed(total=0))
    match = Match(app="userName", entra="userPrincipalName")

    await server.application(scim(match=match)).find('a" or active eq "true\\')

    asked = server.requests[0].url.params["filter"]
    assert asked == 'userName eq "a\\" or active eq \\"true\\\\"'


@virtual
async def test_nobody_and_several_are_answers_of_their_own() -> None:
    server = Server(
        httpx.Response(200, json={"totalResults": 0}),
        listed(user(), user(id="8")),
        listed(user(), total=40),
    )
    application = server.application()

    assert await application.find(ADA) == NoAccount()
    assert await application.find(ADA) == SeveralAccounts(2)
    assert await application.find(ADA) == SeveralAccounts(40)


@virtual
async def test_the_matching_attribute_is_compared_without_regard_to_case() -> None:
    server = Server(listed(user(externalId=ADA.upper())))

    assert await server.application().find(ADA) == AppAccount(id="7", active=True)


@virtual
async def test_the_address_for_work_is_one_of_several() -> None:
    emails = [
        {"type": "home", "value": "ada@home.test"},
        {"type": "work", "value": "ada@x.test"},
    ]
    by_mail = scim(match=Match(app='emails[type eq "work"].value', entra="mail"))
    server = Server(listed(user(emails=emails)), listed(user(emails=emails)))

    assert isinstance(await server.application(by_mail).find("ada@x.test"), AppAccount)
    with pytest.raises(PermanentError, match="not the one asked for"):
        await server.application(by_mail).find("ada@home.test")


@virtual
async def test_an_app_that_ignores_the_filter_is_found_out() -> None:
    server = Server(listed(user(externalId=OTHER)), listed(user(), user(externalId=OTHER)))
    application = server.application()

    for _ in range(2):
        with pytest.raises(PermanentError, match="not the one asked for"):
            await application.find(ADA)


@pytest.mark.parametrize(
    ("shown", "active"),
    [(True, True), (False, False), ("True", True), ("false", False), ("no", None), (None, None)],
)
@virtual
async def test_active_is_read_as_apps_write_it(shown: object, active: object) -> None:
    server = Server(httpx.Response(200, json=user(active=shown)))

    found = await server.application().read("7")

    assert found is not None
    assert found.active is active


PATCHES: dict[PatchForm, object] = {
    PatchForm.BOOLEAN: {"op": "replace", "path": "active", "value": False},
    PatchForm.STRING: {"op": "Replace", "path": "active", "value": "False"},
    PatchForm.WITHOUT_PATH: {"op": "replace", "value": {"active": False}},
}


@pytest.mark.parametrize("form", PatchForm)
@pytest.mark.parametrize(
    "answer",
    [httpx.Response(204), httpx.Response(200, json=user(active=False))],
    ids=["204", "200"],
)
@virtual
async def test_the_only_write_makes_one_account_inactive(
    form: PatchForm, answer: httpx.Response
) -> None:
    server = Server(answer)

    await server.application(scim(patch=form)).deactivate("7/../8")

    [request] = server.requests
    assert (request.method, request.url.raw_path) == ("PATCH", b"/scim/v2/Users/7%2F..%2F8")
    assert request.headers["Content-Type"] == "application/scim+json"
    assert json.loads(request.content) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [PATCHES[form]],
    }


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
    "no id": httpx.Response(200, json={"active": False}),
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

    with pytest.raises(PermanentError, match=r"401.*token.*vault"):
        await application.find(ADA)
    with pytest.raises(PermanentError, match=r"302.*scim\.url"):
        await application.find(ADA)
    with pytest.raises(PermanentError, match=r"invalidFilter.*scim\.match") as refused:
        await application.find(ADA)
    assert "ada" not in str(refused.value)
    assert len(server.requests) == 3


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

    assert asyncio.get_running_loop().time() - started == TIMEOUT.total_seconds()


@virtual
async def test_the_token_is_in_no_error() -> None:
    said = {"detail": f"bad token {TOKEN}", "scimType": TOKEN}
    server = Server(httpx.Response(401, json=said), httpx.ConnectError(TOKEN))
    application = server.application()

    for _ in range(2):
        with pytest.raises((PermanentError, TemporaryError)) as error:
            await application.find(ADA)
        assert TOKEN not in str(error.value)


@virtual
async def test_the_capabilities_are_those_that_the_app_states() -> None:
    server = Server(
        httpx.Response(200, json={"patch": {"supported": True}, "filter": {"supported": "yes"}})
    )

    assert await server.application().capabilities() == Capabilities(patch=True, filter=None)
