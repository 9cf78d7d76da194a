"""HTTP triggers: what arrives, what goes back, who may come in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.functions.hosting import APPS, Host

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "open-sesame"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def web(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    log = tmp_path_factory.mktemp("web") / "log"
    async with Host(APPS / "web", log, {"EMULATOR_FUNCTION_KEY": KEY}) as host:
        await host.runs()
        yield host


async def test_a_request_arrives_whole_and_its_answer_goes_back_as_it_is(web: Host) -> None:
    answer = await web.http.post(
        "/v1/echo/blue", params={"q": "a b+c"}, headers={"X-Given": "1"}, content="body"
    )

    assert answer.status_code == 418
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Answered"] == "yes"
    assert answer.headers["Set-Cookie"] == "a=1; Path=/"
    assert answer.json() == {
        "method": "POST",
        "kind": "blue",
        "params": {"q": "a b+c"},
        "header": "1",
        "body": "body",
    }


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({}, 401),
        ({"params": {"code": "wrong"}}, 401),
        ({"params": {"code": KEY}}, 200),
        ({"headers": {"x-functions-key": KEY}}, 200),
    ],
)
async def test_a_function_with_a_key_opens_to_its_key_alone(
    web: Host, request_: dict[str, dict[str, str]], status: int
) -> None:
    answer = await web.http.get("/v1/locked", **request_)  # type: ignore[arg-type]  # two of many

    assert answer.status_code == status


@pytest.mark.parametrize(("path", "rest"), [("", ""), ("/", ""), ("/a/b", "a/b")])
async def test_a_catch_all_route_also_matches_nothing(web: Host, path: str, rest: str) -> None:
    answer = await web.http.get(f"/v1/tree{path}")

    assert (answer.status_code, answer.text) == (200, rest)


async def test_a_function_that_raises_is_answered_500_and_logged_with_its_trace(web: Host) -> None:
    answer = await web.http.get("/v1/fails")

    assert (answer.status_code, answer.text) == (500, "")
    assert "ValueError: cannot GET" in web.text
    assert "function_app.py" in web.text


async def test_without_a_key_in_the_settings_no_key_opens(tmp_path: Path) -> None:
    async with Host(APPS / "web", tmp_path / "log", {"EMULATOR_FUNCTION_KEY": ""}) as host:
        answers = [await host.http.get("/v1/locked", params={"code": key}) for key in ("", "x")]

    assert [answer.status_code for answer in answers] == [401, 401]
