"""An answer that would fill the memory of the process is no answer."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from hasten.adapters.graph.bounded import MAX_BODY_BYTES, BoundedTransport
from hasten.adapters.graph.directory import GraphDirectory
from hasten.errors import TemporaryError
from hasten.ports.directory_values import User
from tests.support.graph_answers import JOB, USER
from tests.support.graph_wire import ALICE, APP, BASE, Credential, Wire, ok
from tests.support.virtual_time import virtual

RULE = "0000dddd-0000-4000-8000-000000000003"
MEGABYTE = 1024 * 1024
SOME = b" " * MEGABYTE


class Endless(httpx.AsyncByteStream):
    """Counts the megabytes that were read, and whether the connection was given back."""

    def __init__(self) -> None:
        self.megabytes = 0
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.megabytes += 1
            yield SOME

    async def aclose(self) -> None:
        self.is_closed = True


def directory(answer: httpx.Response) -> GraphDirectory:
    transport = httpx.MockTransport(lambda _: answer)
    return GraphDirectory(BASE, Credential(), transport)


def packed(megabytes: int, body: bytes = b"") -> httpx.Response:
    small = gzip.compress(SOME * megabytes + body, compresslevel=1)
    assert len(small) < MEGABYTE
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(small))


async def sent(answer: httpx.Response) -> httpx.Response:
    transport = BoundedTransport(httpx.MockTransport(lambda _: answer))
    return await transport.handle_async_request(httpx.Request("GET", BASE))


@virtual
async def test_a_body_without_an_end_is_read_up_to_the_limit() -> None:
    endless = Endless()

    with pytest.raises(TemporaryError, match="more than"):
        await sent(httpx.Response(200, stream=endless))

    assert endless.megabytes == MAX_BODY_BYTES // MEGABYTE + 1
    assert endless.is_closed


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_small_body_that_unpacks_to_a_large_one_is_no_answer(status: int) -> None:
    @virtual
    async def scenario() -> None:
        bomb = packed(MAX_BODY_BYTES // MEGABYTE + 1)
        bomb.status_code = status

        with pytest.raises(TemporaryError, match="more than"):
            await sent(bomb)

    scenario()


@virtual
async def test_a_packed_answer_within_the_limit_is_read() -> None:
    body = ok(USER).content

    assert await directory(packed(1, body)).user(ALICE) == User(enabled=True)


@virtual
async def test_an_answer_keeps_its_status_and_headers() -> None:
    given = httpx.Response(429, headers={"Retry-After": "7"}, content=b"{}")

    answer = await sent(given)

    assert (answer.status_code, answer.headers["Retry-After"], answer.content) == (429, "7", b"{}")


@pytest.mark.parametrize("value", [b"caf\xe9", b"\xff\xff120", "größer".encode()])
@virtual
async def test_a_header_that_is_no_ascii_spoils_no_answer(value: bytes) -> None:
    given = httpx.Response(200, headers=[(b"Via", value)], content=ok(USER).content)

    answer = await sent(given)

    assert (b"Via", value) in answer.headers.raw
    assert answer.json() == USER


@virtual
async def test_a_call_whose_answer_is_too_large_has_no_answer() -> None:
    wire = Wire(packed(MAX_BODY_BYTES // MEGABYTE + 1))

    with pytest.raises(TemporaryError, match="more than"):
        await wire.directory().provision_on_demand(APP, JOB, RULE, group=None, users=[ALICE])
