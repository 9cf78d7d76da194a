"""The webhook's handlers: the handshake, and what a cold start loads."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import azure.functions as func
import pytest

from handlers.graph_lifecycle import graph_lifecycle
from handlers.graph_notifications import graph_notifications
from hasten.limits import MAX_VALIDATION_TOKEN
from tests.support.app_settings import settings

ROOT = Path(__file__).parents[3]

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]
BOTH = pytest.mark.parametrize("handler", [graph_notifications, graph_lifecycle])
"""Graph validates either address before it makes a subscription."""


def handshake(token: str) -> func.HttpRequest:
    return func.HttpRequest(
        method="POST",
        url="/api/graph/notifications",
        params={"validationToken": token},
        body=b"",
    )


@BOTH
async def test_the_handshake_answers_the_decoded_token_as_plain_text_that_nothing_sniffs(
    handler: Handler,
) -> None:
    token = "Validation: <b>Testing</b> + reachability/ü"

    answer = await handler(handshake(token))

    assert (answer.status_code, answer.get_body()) == (200, token.encode())
    assert answer.mimetype == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@BOTH
@pytest.mark.parametrize("token", ["", "x" * (MAX_VALIDATION_TOKEN + 1)])
async def test_an_empty_or_endless_token_is_refused(handler: Handler, token: str) -> None:
    answer = await handler(handshake(token))

    assert (answer.status_code, answer.get_body()) == (400, b"")


COLD_WEBHOOK = """
import asyncio, sys
import azure.functions as func
import function_app
from handlers.graph_lifecycle import graph_lifecycle
from handlers.graph_notifications import graph_notifications

request = func.HttpRequest(method="POST", url="/", params={}, body=b'{"value": [{}]}')
for handler in (graph_notifications, graph_lifecycle):
    answer = asyncio.run(handler(request))
    assert answer.status_code == 202, answer.status_code
loaded = {"msgraph", "kiota_abstractions", "httpx", "starlette", "jinja2", "jwt"} & set(sys.modules)
assert not loaded, f"the webhook loaded {loaded}"
"""


def test_the_webhook_answers_without_loading_the_graph_sdk(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COLD_WEBHOOK],
        cwd=ROOT,
        env={**os.environ, **settings(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
