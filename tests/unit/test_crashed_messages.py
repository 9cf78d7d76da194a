"""What becomes of a message whose work ends in an exception that nobody expected: it is reported at
once, tried again after growing pauses, and given back to Service Bus after ten minutes at least."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from hasten.domain.changes import FoundBy
from hasten.domain.notifications import LifecycleEvent
from hasten.errors import Conflict
from hasten.limits import REDELIVERY_PAUSE
from hasten.messages import Ensure, Look, Retriable, SubscriptionEvent, Wake
from hasten.onboard.message import Posted
from hasten.operate.health import app_health
from hasten.ports.bus import ONBOARDING_EVENTS, PROVISIONING, Message, Received
from hasten.retry import Retrying
from hasten.wiring import PARSERS
from tests.support.delivery import received
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL, World

LOOK = Look(group=ENGINEERING, noticed_at=START, found_by=FoundBy.NOTIFICATION)
NEEDED = [
    LOOK,
    SubscriptionEvent(subscription="s", event=LifecycleEvent.REAUTHORIZATION_REQUIRED),
    Ensure(target=TOTAL),
    Posted(body=b"{}", content_type="application/cloudevents+json", message_id="1"),
]
"""No timer sends them again."""

SHORTEST = timedelta(minutes=10)
Work = Callable[[Any], Awaitable[None]]


class Impatient(World):
    """Its pauses are as short as they can be."""

    def jitter(self) -> float:
        return 0.0


async def breaks(_: object) -> None:
    raise KeyError("Ada Lovelace")


async def delivered(world: World, queue: str, message: Message, work: Work) -> Message | None:
    """Delivers the message at its time. Returns the copy that is to come later; None for none."""
    if message.at is not None:
        await asyncio.sleep((message.at - now()).total_seconds())
    world.bus.sent.clear()
    await Retrying(world.context).run(received(queue, message), PARSERS[queue], work)
    return next(iter(world.bus.of(queue)), None)


async def tried_until_it_is_given_back(
    world: World, queue: str, message: Message
) -> list[datetime]:
    """The times of the tries of a message whose work always breaks."""
    tries: list[datetime] = []
    copy: Message | None = message
    while copy is not None:
        if copy.at is not None:
            await asyncio.sleep((copy.at - now()).total_seconds())
        tries.append(now())
        try:
            copy = await delivered(world, queue, copy, breaks)
        except Exception:  # noqa: BLE001 - as the Functions host does
            return tries
    raise AssertionError("the message was completed")


@pytest.mark.parametrize("message", NEEDED, ids=lambda message: type(message).__name__)
def test_pauses_grow_and_nothing_is_given_back_before_ten_minutes_of_trying(
    message: Retriable,
) -> None:
    @virtual
    async def run() -> None:
        tries = await tried_until_it_is_given_back(Impatient(), message.queue, message.message("1"))

        pauses = [later - earlier for earlier, later in pairwise(tries)]
        assert pauses == sorted(pauses)
        assert pauses[0] >= timedelta(seconds=2)
        assert tries[-1] - tries[0] >= SHORTEST

    run()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff\xfe", b'{"target": null, "tries": "x"}']
)
@pytest.mark.parametrize("queue", [q for q in PARSERS if q != ONBOARDING_EVENTS])
def test_a_message_that_cannot_be_parsed_comes_again_as_it_is(queue: str, body: bytes) -> None:
    @virtual
    async def run() -> None:
        world = Impatient()
        message = Message(raw=body, message_id="1", content_type="text/plain")
        copy = await delivered(world, queue, message, breaks)

        assert copy is not None
        assert (copy.raw, copy.content_type) == (body, "text/plain")
        tries = await tried_until_it_is_given_back(world, queue, copy)
        assert tries[-1] - START >= SHORTEST

    run()


@virtual
async def test_the_first_exception_is_reported_at_once_with_its_traceback_and_no_name() -> None:
    world = World()

    await delivered(world, LOOK.queue, LOOK.message("1"), breaks)

    [event] = world.events
    assert (event.name, event.result, event.problem) == ("message", "crashed", True)
    assert event.alerts == {"unexpected-error"}
    trace = str(event.fields["trace"])
    assert "hasten/retry.py" in trace
    assert "test_crashed_messages.py" in trace
    assert "KeyError" in str(event.fields["reason"])
    assert "Ada" not in f"{event.fields}"


@virtual
async def test_status_says_what_breaks_where_and_since_when() -> None:
    world = World()
    copy = await delivered(world, LOOK.queue, LOOK.message("1"), breaks)
    assert copy is not None
    await delivered(world, LOOK.queue, copy, breaks)

    problems = [str(problem) for problem in (await app_health(world.context)).problems]

    [told] = [problem for problem in problems if "unexpected" in problem]
    assert f"{LOOK.queue} met an unexpected exception, KeyError" in told
    assert "2 times since 2026-11-24 09:00Z" in told


@virtual
async def test_a_message_whose_work_succeeds_in_the_end_is_done() -> None:
    world = World()
    copy = await delivered(world, LOOK.queue, LOOK.message("1"), breaks)
    assert copy is not None

    async def works(_: object) -> None: ...

    assert await delivered(world, LOOK.queue, copy, works) is None


@virtual
async def test_a_wake_is_left_to_the_timer_which_sends_another_while_rows_are_due() -> None:
    world, copy = World(), Wake(target=TOTAL).message("1")
    for _ in range(Wake.most_tries):
        again = await delivered(world, PROVISIONING, copy, breaks)
        assert again is not None
        copy = again

    assert await delivered(world, PROVISIONING, copy, breaks) is None


@virtual
async def test_a_lost_race_is_no_defect() -> None:
    world = World()

    async def loses(_: object) -> None:
        raise Conflict("a row")

    assert await delivered(world, LOOK.queue, LOOK.message("1"), loses) is not None
    assert world.results("message") == ["postponed"]


@virtual
async def test_a_message_whose_copy_cannot_be_sent_is_given_back_after_a_minute() -> None:
    world = World()
    world.bus.down = True

    with pytest.raises(Exception, match="Service Bus is down"):
        await delivered(world, LOOK.queue, LOOK.message("1"), breaks)

    assert now() == START + REDELIVERY_PAUSE
    assert world.results("message") == ["crashed"]


@pytest.mark.parametrize("count", ["-1", "1e3", "x" * 5000, "٣", "999999999"])
def test_a_count_that_somebody_else_wrote_is_no_count(count: str) -> None:
    @virtual
    async def run() -> None:
        world = World()
        given = Received(
            queue=LOOK.queue,
            body=b"",
            message_id="1",
            properties={b"hastenCrashes": count.encode()},
        )

        await Retrying(world.context).run(given, PARSERS[LOOK.queue], breaks)

        [copy] = world.bus.of(LOOK.queue)
        assert copy.properties == {"hastenCrashes": "1"}

    run()
