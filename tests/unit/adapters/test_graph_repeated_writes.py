"""Writes of the Graph adapter whose answer was lost: which are sent again, and what a refusal says
then."""

import httpx
import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory_errors import AlreadyExists, NotYet
from tests.support.graph_wire import Wire, ok, refused
from tests.support.virtual_time import virtual
from tests.unit.adapters.writes import (
    MEMBER_THERE,
    NO_GRANT,
    NO_MEMBER,
    NO_REFERENCE,
    NOT_FOUND,
    Write,
    add,
    assign,
    create,
    remove,
    unassign,
)

DONE = httpx.Response(204)


@pytest.mark.parametrize(
    ("write", "done"),
    [(add, DONE), (remove, DONE), (assign, ok({"id": "made"})), (unassign, DONE)],
)
def test_a_write_that_may_be_sent_twice_survives_a_blip(write: Write, done: httpx.Response) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(refused(503), done)

        await write(wire.directory())

        assert len(wire.requests) == 2

    scenario()


LOST = [
    refused(503),
    refused(408),
    httpx.ReadError("cut"),
    httpx.ReadTimeout("slow"),
    httpx.Response(200),
    httpx.Response(502, text="a proxy"),
]


@pytest.mark.parametrize("lost", LOST, ids=str)
@pytest.mark.parametrize(
    ("write", "refusal"),
    [
        (add, MEMBER_THERE),
        (add, NOT_FOUND),
        (add, NO_REFERENCE),
        (remove, NO_MEMBER),
        (remove, NOT_FOUND),
        (unassign, NO_GRANT),
    ],
)
def test_a_refusal_says_nothing_certain_if_an_earlier_try_may_have_taken_effect(
    write: Write, refusal: httpx.Response, lost: httpx.Response | Exception
) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(lost, refusal)

        with pytest.raises(TemporaryError, match="repeated write") as caught:
            await write(wire.directory())

        assert not isinstance(caught.value, NotYet)
        assert len(wire.requests) == 2

    scenario()


@pytest.mark.parametrize("not_made", [refused(429), refused(409)], ids=str)
def test_a_try_that_graph_has_refused_leaves_the_next_refusal_certain(
    not_made: httpx.Response,
) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(AlreadyExists):
            await add(Wire(not_made, MEMBER_THERE).directory())
        assert await remove(Wire(not_made, NO_MEMBER).directory()) is False

    scenario()


@virtual
async def test_one_lost_try_leaves_all_later_refusals_of_the_request_uncertain() -> None:
    with pytest.raises(TemporaryError, match="repeated write"):
        await add(Wire(refused(503), refused(409)).directory())


@virtual
async def test_a_refusal_that_has_nothing_to_do_with_the_lost_try_is_certain() -> None:
    with pytest.raises(PermanentError):
        await add(Wire(refused(503), refused(403)).directory())


@pytest.mark.parametrize("blip", [refused(503), refused(429), httpx.ReadError("reset")])
def test_a_group_is_never_made_twice(blip: httpx.Response | Exception) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(blip)

        with pytest.raises(TemporaryError):
            await create(wire.directory())

        assert len(wire.requests) == 1

    scenario()
