"""The handlers of the API and the pages: what reaches the application, and what does not."""

from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func
import pytest

from handlers import serving
from handlers.api import api
from handlers.page import page
from hasten.app import App
from hasten.targets_file import TargetsFile
from tests.support.world import World

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


def asked(url: str, method: str = "GET", **more: Any) -> func.HttpRequest:
    return func.HttpRequest(method=method, url=url, body=b"", **more)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app of a world in place of that of the environment."""
    world = World()
    app = App(world.context.settings, TargetsFile((world.target,)), world)
    monkeypatch.setattr(serving, "opened", lambda _: app)


@pytest.mark.usefixtures("configured")
async def test_an_anonymous_request_to_the_api_is_refused_with_a_challenge() -> None:
    answer = await api(asked("https://hasten.example/api/v1/targets"))

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    "url",
    [
        "https://hasten.example/api/v1/%ff",
        "https://hasten.example/api/v1/%2e%2e/%c0%af",
        "http://[/api/v1/targets",
        "http://hasten.example:port/api/v1/targets",
    ],
)
@pytest.mark.parametrize("handler", [api, page])
async def test_an_address_that_nobody_can_read_is_400(handler: Handler, url: str) -> None:
    answer = await handler(asked(url))

    assert answer.status_code == 400
