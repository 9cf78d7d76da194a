"""Whatever keeps the webhook from queuing a notification, Graph sends it again and an operator
learns why."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from azure.servicebus.exceptions import MessagingEntityNotFoundError, ServiceBusAuthorizationError

from hasten.adapters.servicebus import translated
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.watch.webhook import Receiving
from tests.support.virtual_time import virtual
from tests.support.webhook import body, item, receiving
from tests.support.world import World

QUEUE = "directory-changes"
REFUSED = PermanentError("Azure Tables answered 403", "give the identity its role")
BUSY = TemporaryError("Azure Tables answered 503", timedelta(seconds=5))

OF_THE_BUS: list[Exception] = [
    translated(ServiceBusAuthorizationError(message="x"), QUEUE, to="send to", role="Sender"),
    translated(MessagingEntityNotFoundError(message="x"), QUEUE, to="send to", role="Sender"),
    TemporaryError("Service Bus is busy", timedelta(seconds=5)),
]

CHANGE, LIFECYCLE = item(), item(lifecycleEvent="reauthorizationRequired")
Kind = tuple[str, str, dict[str, Any]]
KINDS: list[Kind] = [
    ("receive", "notification", CHANGE),
    ("receive_lifecycle", "lifecycle", LIFECYCLE),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=[kind[0] for kind in KINDS])


def raising(error: Exception) -> Callable[..., Any]:
    async def fails(*_: Any, **__: Any) -> Any:
        raise error

    return fails


async def never_answering(*_: Any) -> Any:
    await asyncio.sleep(3600)


async def answers_503_and_says_why(world: World, service: Receiving, kind: Kind, why: str) -> None:
    method, name, one = kind
    world.events.clear()

    assert await getattr(service, method)(body(one)) is HTTPStatus.SERVICE_UNAVAILABLE

    [told] = world.events
    assert (told.name, told.result, told.problem) == (name, "not_queued", True)
    assert why in told.fields["reason"]
    assert told.fields["next_action"]


@kinds
@pytest.mark.parametrize("error", OF_THE_BUS, ids=str)
def test_a_queue_that_refuses_or_is_busy_is_told(error: Exception, kind: Kind) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)
        world.bus.send = raising(error)  # type: ignore[method-assign]

        assert isinstance(error, PermanentError | TemporaryError)
        await answers_503_and_says_why(world, service, kind, error.reason)

    scenario()


@kinds
def test_a_queue_that_does_not_answer_is_told(kind: Kind) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)

        world.bus.send = never_answering  # type: ignore[method-assign, assignment]
        await answers_503_and_says_why(world, service, kind, "did not answer in time")

    scenario()


@kinds
@pytest.mark.parametrize("error", [REFUSED, BUSY], ids=["refused", "busy"])
def test_a_store_that_refuses_or_is_busy_is_told(
    error: PermanentError | TemporaryError, kind: Kind
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)
        world.store.scan = raising(error)  # type: ignore[method-assign]

        await answers_503_and_says_why(world, service, kind, error.reason)

    scenario()


@virtual
async def test_a_store_that_may_be_read_and_not_written_changes_no_answer() -> None:
    world = World()
    service = await receiving(world)
    world.store.commit = raising(REFUSED)  # type: ignore[method-assign]

    assert await service.receive(body(CHANGE)) is HTTPStatus.ACCEPTED

    assert len(world.bus.of(DIRECTORY_CHANGES)) == 1
    assert world.results("notification") == ["queued", "not_noted"]
