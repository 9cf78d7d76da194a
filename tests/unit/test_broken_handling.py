"""A message is given back neither within a moment nor never, whatever its work raises, and even if
the handling of that exception breaks too."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from hasten.domain.changes import FoundBy
from hasten.domain.unexpected import Unexpected
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import REDELIVERY_PAUSE
from hasten.messages import Look
from hasten.ports.bus import Message
from hasten.ports.store import Document, Write
from hasten.ports.telemetry import Event
from hasten.retry import Retrying
from hasten.stray_end import StrayEndError
from hasten.wiring import PARSERS
from tests.fakes.bus import FakeBus
from tests.fakes.memory_store import MemoryStore
from tests.support.delivery import received
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, World

LOOK = Look(group=ENGINEERING, noticed_at=START, found_by=FoundBy.NOTIFICATION)
GIVEN_UP = PermanentError("Graph answered 403", "grant the permission")
POSTPONED = TemporaryError("Graph did not answer", START - START)


class OddError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("it has no text")


def caused_by_many() -> Exception:
    error: Exception = ValueError("the first")
    for number in range(3000):
        later = ValueError(f"{number}")
        later.__cause__ = error
        error = later
    return error


KINDS: list[BaseException] = [
    RecursionError(),
    MemoryError(),
    OSError(24, "Too many open files"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    ValueError("\ud800"),
    ExceptionGroup("two", [ValueError(), KeyError("Ada")]),
    OddError(),
    caused_by_many(),
    asyncio.CancelledError(),
    SystemExit(1),
]


async def worked(world: World, error: BaseException) -> None:
    async def work(_: object) -> None:
        raise error

    given = received(LOOK.queue, LOOK.message("1"))
    await Retrying(world.context).run(given, PARSERS[LOOK.queue], work)


@pytest.mark.parametrize("error", KINDS, ids=lambda error: type(error).__name__)
def test_an_exception_of_any_kind_is_reported_and_the_message_comes_again_later(
    error: BaseException,
) -> None:
    @virtual
    async def run() -> None:
        world = World()

        await worked(world, error)

        [copy] = world.bus.of(LOOK.queue)
        assert copy.at is not None
        assert copy.at > now()
        assert world.results("message") == ["crashed"]

    run()


@virtual
async def test_a_function_that_the_host_cancels_ends() -> None:
    world = World()

    async def waits(_: object) -> None:
        await asyncio.Event().wait()

    given = received(LOOK.queue, LOOK.message("1"))
    running = asyncio.create_task(Retrying(world.context).run(given, PARSERS[LOOK.queue], waits))
    await asyncio.sleep(1)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert (world.events, world.bus.sent) == ([], [])


class BrokenStore(MemoryStore):
    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        raise RuntimeError("the session is closed")

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        raise RuntimeError("the session is closed")


class BrokenBus(FakeBus):
    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        raise RuntimeError("the event loop is closed")


class WithoutLog(World):
    def emit(self, event: Event) -> None:
        raise RuntimeError("the stream is closed")


class CancelledStore(MemoryStore):
    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        raise asyncio.CancelledError


def with_a_cancelled_store() -> World:
    return World(store=CancelledStore())


def with_a_broken_store() -> World:
    return World(store=BrokenStore())


def with_a_broken_bus() -> World:
    return World(bus=BrokenBus())


@pytest.mark.parametrize("error", [RuntimeError("a bug"), POSTPONED, GIVEN_UP])
@pytest.mark.parametrize(
    "made", [with_a_broken_store, with_a_cancelled_store, with_a_broken_bus, WithoutLog]
)
def test_what_breaks_the_handling_gives_the_message_back_after_a_minute_if_at_all(
    made: Callable[[], World], error: Exception
) -> None:
    @virtual
    async def run() -> None:
        try:
            await worked(made(), error)
        except (RuntimeError, StrayEndError):
            assert now() - START == REDELIVERY_PAUSE

    run()


@virtual
async def test_a_message_that_the_store_cannot_keep_is_sent_after_the_pause() -> None:
    world = World(store=BrokenStore(), keeps_agenda=True)

    await worked(world, RuntimeError("a bug"))

    [copy] = world.bus.of(LOOK.queue)
    assert copy.at is None
    assert now() - START == REDELIVERY_PAUSE


def test_the_trace_of_a_long_chain_ends_with_the_exception_itself() -> None:
    assert Unexpected.of(caused_by_many()).trace.endswith("ValueError: 2999")
