"""Concurrent sends share transfers; each send still learns what became of its own items."""

import asyncio
from collections.abc import Sequence

import pytest

from hasten.adapters.gathering import MAX_SHARED_BYTES, Gathering


class Wire:
    """Each transfer waits until the test lets it go, or fails it."""

    def __init__(self) -> None:
        self.transfers: list[Sequence[str]] = []
        self.cancelled = 0
        self._ends: list[asyncio.Future[None]] = []

    async def transfer(self, items: Sequence[str]) -> None:
        self.transfers.append(items)
        self._ends.append(asyncio.get_running_loop().create_future())
        try:
            await self._ends[-1]
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def end(self, error: Exception | None = None) -> None:
        if error is None:
            self._ends[-1].set_result(None)
        else:
            self._ends[-1].set_exception(error)
        await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def gathering(wire: Wire) -> Gathering[str]:
    return Gathering(wire.transfer)


async def sending(gathering: Gathering[str], *items: str, size: int = 1) -> asyncio.Task[None]:
    task = asyncio.create_task(gathering.send(items, size))
    await settle()
    return task


async def test_sends_that_wait_for_one_transfer_share_the_next(
    wire: Wire, gathering: Gathering[str]
) -> None:
    first = await sending(gathering, "a")
    others = [await sending(gathering, name, name.upper()) for name in "bcd"]

    await wire.end()
    assert first.done()
    assert not any(task.done() for task in others)
    await wire.end()

    assert all(task.done() for task in others)
    assert wire.transfers == [["a"], ["b", "B", "c", "C", "d", "D"]]


async def test_an_error_reaches_the_sends_that_shared_it_and_no_later_one(
    wire: Wire, gathering: Gathering[str]
) -> None:
    first = await sending(gathering, "a")
    shared = [await sending(gathering, name) for name in "bc"]
    await wire.end()
    later = await sending(gathering, "d")

    await wire.end(ValueError("refused"))
    await wire.end()

    assert first.exception() is None
    assert [str(task.exception()) for task in shared] == ["refused", "refused"]
    assert later.exception() is None


async def test_a_large_send_goes_alone(wire: Wire, gathering: Gathering[str]) -> None:
    tasks = [
        await sending(gathering, "first"),
        await sending(gathering, "small"),
        await sending(gathering, "large", size=MAX_SHARED_BYTES + 1),
        await sending(gathering, "last"),
    ]

    for _ in tasks:
        await wire.end()

    assert wire.transfers == [["first"], ["small"], ["large"], ["last"]]
    assert all(task.done() for task in tasks)


async def test_a_send_that_gives_up_while_it_waits_is_not_transferred(
    wire: Wire, gathering: Gathering[str]
) -> None:
    await sending(gathering, "a")
    gone, stays = await sending(gathering, "b"), await sending(gathering, "c")

    gone.cancel()
    await wire.end()
    await wire.end()

    assert wire.transfers == [["a"], ["c"]]
    assert stays.done()


async def test_a_transfer_goes_on_while_one_of_its_sends_waits(
    wire: Wire, gathering: Gathering[str]
) -> None:
    await sending(gathering, "a")
    gone, stays = await sending(gathering, "b"), await sending(gathering, "c")
    await wire.end()

    gone.cancel()
    await settle()
    assert wire.cancelled == 0
    await wire.end()

    assert stays.exception() is None


async def test_a_transfer_that_nobody_waits_for_makes_room_for_the_next(
    wire: Wire, gathering: Gathering[str]
) -> None:
    hangs = await sending(gathering, "a")
    next_one = await sending(gathering, "b")

    hangs.cancel()
    await settle()
    assert wire.cancelled == 1
    assert wire.transfers == [["a"], ["b"]]
    await wire.end()

    assert next_one.exception() is None
