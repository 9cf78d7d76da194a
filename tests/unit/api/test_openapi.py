"""The published description: it is that of the code, and a client made of it gets no 5xx."""

import asyncio
import json
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from schemathesis import BaseSchema, Config
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_asgi
from schemathesis.pytest import from_fixture
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.applications import Starlette

from hasten.api.app import api
from hasten.api.openapi import OPENAPI_FILE, text
from hasten.api.routes import routes
from tests.support.face import ALL_ROLES, Face, bearer, holds
from tests.support.virtual_time import START, VirtualLoop, virtual
from tests.support.world import World, user

EXAMPLES = 3
"""Random requests of one operation, besides those that its schema makes certain."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Standing(World):
    """A world whose time stands still, in whatever loop a request runs."""

    def now(self) -> datetime:
        return START


def standing() -> World:
    async def made() -> World:
        world = Standing()
        await holds(world, *(user(number) for number in range(1, 5)))
        return world

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(made())


@cache
def authorization() -> dict[str, str]:
    async def made() -> dict[str, str]:
        return bearer(*ALL_ROLES)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(made())


pytestmark = pytest.mark.xdist_group("openapi")
"""What the first operation makes ready takes a second, in each process anew."""

OPERATIONS = [
    f"{method.upper()} {path}"
    for path, item in json.loads(OPENAPI_FILE.read_text())["paths"].items()
    for method in item
    if method != "parameters"
]


@cache
def app() -> Starlette:
    return api(standing().context, routes())


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> BaseSchema:
    """The description, of one operation. It is read when the test runs: every process collects
    every test, and to plan the requests of all operations takes seconds."""
    rest = [name for name in OPERATIONS if name != request.param]
    config = Config.from_dict({"operations": [{"include-name": rest, "enabled": False}]})
    return from_asgi("/api/v1/openapi.json", app(), config=config)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@from_fixture("operation").parametrize()
def test_no_request_gets_5xx_or_an_answer_that_is_not_described(case: Any) -> None:
    case.call_and_validate(headers=authorization(), checks=CHECKS)


def test_the_file_is_the_description_of_the_code() -> None:
    assert OPENAPI_FILE.read_text() == text(), "python -m hasten.api.openapi writes it"


@virtual
async def test_anybody_may_read_the_description() -> None:
    answer = await Face(World()).http.get("/api/v1/openapi.json")

    assert (answer.status_code, answer.json()) == (200, json.loads(OPENAPI_FILE.read_text()))
