"""Graph, or a proxy, answers 200 with something else than what was asked for: nothing is known."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hasten.adapters.graph import wire
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory import Directory
from hasten.ports.directory_values import User
from tests.support.graph_answers import (
    BARE_WRITES,
    NO_ANSWERS,
    READS,
    REMOVALS,
    SESSIONS,
    USER,
    WRITES,
    Asked,
    spoiled,
)
from tests.support.graph_wire import ALICE, APP, Wire, ok, refused
from tests.support.virtual_time import virtual

OF_ANOTHER_MEANING = {
    "value = []",
    "value/0/members@delta = []",
    "without value/0/members@delta",
    "without value/0/members@delta/0/@removed",
    "synchronizationRules = []",
    "without value/0/value",
    "value/0/value = None",
    "value/0/value = ''",
    "appRoles = []",
    "value/0/appRoles = []",
    "appRoles/0/allowedMemberTypes = []",
    "value/0/appRoles/0/allowedMemberTypes = []",
}
"""These are right answers too: there is nothing, or a member joined instead of leaving."""

DONE = b'{"value": true}'
EVERYTHING = [*READS, *WRITES, *BARE_WRITES, SESSIONS]
by_name = pytest.mark.parametrize("asked", [*READS, *WRITES], ids=lambda asked: asked.name)


@pytest.fixture(autouse=True)
def _each_request_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer stays the same, so it would be read three times."""
    monkeypatch.setattr(wire, "QUICK_TRIES", 1)


async def outcome(asked: Asked, body: bytes, status: int = 200) -> Any:
    """What Hasten makes of the answer. Any exception but the two that decide retry surfaces."""
    directory = Wire(httpx.Response(status, content=body)).directory()
    try:
        return asked.use(await asked.ask(directory))
    except (TemporaryError, PermanentError) as error:
        return error


@by_name
def test_the_answer_of_graph_is_used(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        assert not isinstance(await outcome(asked, asked.body), Exception)

    scenario()


@by_name
@pytest.mark.parametrize("body", NO_ANSWERS, ids=range(len(NO_ANSWERS)))
def test_a_body_that_is_no_answer_is_asked_for_again_later(asked: Asked, body: bytes) -> None:
    @virtual
    async def scenario() -> None:
        found = await outcome(asked, body)

        if asked.is_text and body == b"7":
            assert found == 7
        else:
            assert isinstance(found, TemporaryError)

    scenario()


@by_name
def test_an_answer_that_is_cut_off_is_asked_for_again_later(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        for length in range(0, len(asked.body), max(1, len(asked.body) // 8)):
            found = await outcome(asked, asked.body[:length])
            if not asked.is_text:
                assert isinstance(found, TemporaryError), asked.body[:length]

    scenario()


@pytest.mark.parametrize(
    "asked", [a for a in [*READS, *WRITES] if not a.is_text], ids=lambda asked: asked.name
)
def test_a_missing_or_odd_property_never_turns_into_a_wrong_fact(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        right = await outcome(asked, asked.body)
        for name, answer in spoiled(asked.answer):
            found = await outcome(asked, json.dumps(answer).encode())
            is_error = isinstance(found, TemporaryError)
            assert is_error or found == right or name in OF_ANOTHER_MEANING, (name, found)

    scenario()


@by_name
@given(body=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=10)
def test_random_bytes_raise_nothing_else(asked: Asked, body: bytes) -> None:
    @virtual
    async def scenario() -> None:
        assert isinstance(await outcome(asked, body), TemporaryError | int)

    scenario()


@pytest.mark.parametrize("said", [True, False, None])
def test_whether_a_user_is_enabled_is_unknown_where_graph_does_not_say(said: bool | None) -> None:  # noqa: FBT001
    @virtual
    async def scenario() -> None:
        shown = Wire(ok({**USER, "accountEnabled": said})).directory()
        left_out = Wire(ok({"id": ALICE})).directory()

        assert await shown.user(ALICE) == User(enabled=said)
        assert await left_out.user(ALICE) == User(enabled=None)

    scenario()


def _error(code: object, message: str = "no") -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


NO_404_OF_GRAPH = [
    b"",
    b"<html>Not found</html>",
    b"[]",
    b'{"error": "no"}',
    b'{"error": {}}',
    b'{"error": {"message": "Resource not found"}}',
    *map(_error, (None, "", 404, "404", True, [], {})),
    _error("UnknownError", "<html>404 - File or directory not found.</html>"),
    _error("unknownError", ""),
]


@pytest.mark.parametrize("asked", EVERYTHING, ids=lambda asked: asked.name)
def test_a_404_that_is_not_graphs_says_nothing(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        for body in NO_404_OF_GRAPH:
            assert isinstance(await outcome(asked, body, 404), TemporaryError), body

    scenario()


@by_name
@pytest.mark.parametrize("status", [301, 302, 304])
def test_a_redirect_is_no_answer(asked: Asked, status: int) -> None:
    @virtual
    async def scenario() -> None:
        assert isinstance(await outcome(asked, b"", status), TemporaryError)

    scenario()


@virtual
async def test_a_redirect_is_not_followed() -> None:
    elsewhere = {"Location": "https://elsewhere.test/v1.0/users"}
    graph = Wire(httpx.Response(302, headers=elsewhere), ok(USER))

    with pytest.raises(TemporaryError):
        await graph.directory().user(ALICE)

    assert len(graph.requests) == 1


@pytest.mark.parametrize("asked", READS, ids=lambda asked: asked.name)
def test_a_read_is_answered_with_200_only(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        for status in (201, 202, 203, 205, 206):
            assert isinstance(await outcome(asked, asked.body, status), TemporaryError), status

    scenario()


@pytest.mark.parametrize("asked", [*BARE_WRITES, SESSIONS], ids=lambda asked: asked.name)
def test_a_write_counts_as_made_only_when_graph_says_so(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        for body in (*NO_ANSWERS, b'{"value": false}', b'{"value": 1}', b'{"a": 1}'):
            for status in (200, 202):
                assert isinstance(await outcome(asked, body, status), TemporaryError), body
        for status in (201, 203, 206):
            assert isinstance(await outcome(asked, DONE, status), TemporaryError), status
        assert not isinstance(await outcome(asked, b"", 204), Exception)

    scenario()


@virtual
async def test_the_sessions_of_a_user_are_ended_when_graph_answers_true() -> None:
    assert await outcome(SESSIONS, DONE) is None


@pytest.mark.parametrize("asked", REMOVALS, ids=lambda asked: asked.name)
def test_what_graph_does_not_find_is_gone(asked: Asked) -> None:
    @virtual
    async def scenario() -> None:
        found = await outcome(asked, _error("Request_ResourceNotFound"), 404)
        assert not isinstance(found, Exception)

    scenario()


class Asking:
    """Takes every request of the port, and notes its name."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return lambda *_, **__: None


def test_every_request_of_the_port_is_in_a_table_of_this_file() -> None:
    port = {name for name in vars(Directory) if not name.startswith("_")}
    asking: Any = Asking()

    for asked in EVERYTHING:
        asked.ask(asking)

    assert port - asking.names == {"provision_on_demand", "close"}


@virtual
async def test_a_filter_that_graph_ignores_assigns_nobody() -> None:
    answer = {
        "value": [{"principalId": ALICE, "resourceId": "0000aaaa-0000-4000-8000-00000000ffff"}]
    }

    assert await Wire(ok(answer)).directory().assigned_through(ALICE, APP) == []


@virtual
async def test_an_answer_about_another_object_is_no_answer() -> None:
    other = Wire(ok({**USER, "id": "0000cccc-0000-4000-8000-0000000000ff"})).directory()

    with pytest.raises(TemporaryError, match="another object"):
        await other.user(ALICE)


@virtual
async def test_a_body_that_cannot_be_unpacked_is_a_temporary_error() -> None:
    packed = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"x")
    )

    with pytest.raises(TemporaryError):
        await Wire(packed, refused(503)).directory().user(ALICE)
