"""What is for later waits in the store, and is posted once it is due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from hasten.errors import Conflict, PermanentError, TemporaryError, WrongInputError
from hasten.ports.bus import ALARM, ENSURE, ONBOARDING_EVENTS, PROVISIONING, Message
from hasten.ports.store import Write
from hasten.records.agenda import POSTED_AT_ONCE, Agenda
from hasten.records.alarms import ALARM_HORIZON, MOST_ALARMS
from tests.fakes.bus import FakeBus
from tests.fakes.memory_store import MemoryStore
from tests.support.crashing import CrashingBus, CrashingStore, Fuse, Killed
from tests.support.virtual_time import now, virtual


class World:
    def __init__(self, store: MemoryStore | None = None, bus: FakeBus | None = None) -> None:
        self.store = store or MemoryStore()
        self.bus = bus or FakeBus()
        self.agenda = self.process()

    def process(self) -> Agenda:
        return Agenda(self.store, self.bus, now)

    def alarms(self, queue: str) -> list[float]:
        """Seconds until each alarm that was sent."""
        sent = [message for message in self.bus.of(queue) if ALARM in message.properties]
        return [((message.at or now()) - now()).total_seconds() for message in sent]

    def posted(self, queue: str) -> list[str]:
        return [m.message_id for m in self.bus.of(queue) if ALARM not in m.properties]


def later(name: str, seconds: float, **how: object) -> Message:
    return Message(message_id=name, at=now() + timedelta(seconds=seconds), **how)  # type: ignore[arg-type]


@virtual
async def test_a_message_for_later_is_kept_and_posted_as_it_was_when_it_is_due() -> None:
    world = World()
    message = later(
        "m",
        3600,
        raw=b'{"a":"\xff\n"}',
        content_type="application/cloudevents+json",
        subject="s",
        properties={"hastenTries": "2", "odd": "\ud800"},
    )

    await world.agenda.send(ONBOARDING_EVENTS, [message, Message(message_id="now")])
    assert await world.process().post_due(ONBOARDING_EVENTS, now()) == 0
    await asyncio.sleep(3600)
    assert await world.process().post_due(ONBOARDING_EVENTS, now()) == 1

    first, second = [sent for _, sent in world.bus.sent]
    assert first.message_id == "now"
    assert (second.raw, second.content_type, second.subject, second.properties) == (
        message.raw,
        message.content_type,
        message.subject,
        message.properties,
    )
    assert second.at is None
    assert await world.agenda.ahead(ONBOARDING_EVENTS) == []


@virtual
async def test_a_message_with_a_body_keeps_it_and_one_of_the_past_is_sent_at_once() -> None:
    world = World()

    await world.agenda.send(PROVISIONING, [later("w", 5, body={"target": "T"}), later("p", -1)])
    [entry] = await world.agenda.ahead(PROVISIONING)

    assert world.posted(PROVISIONING) == ["p"]
    assert (entry.message.body, entry.message.raw) == ({"target": "T"}, None)


@virtual
async def test_what_is_far_ahead_sets_no_alarm_and_the_timer_sets_it_in_time() -> None:
    world = World()
    await world.agenda.send(ENSURE, [later("m", 3600)])
    assert world.alarms(ENSURE) == []

    await asyncio.sleep(3600 - 50)
    await world.process().post_due(ENSURE, now())

    assert world.alarms(ENSURE) == [50]


@virtual
async def test_an_alarm_rings_at_the_next_whole_second_and_one_is_enough_for_what_follows() -> None:
    world = World()

    await world.agenda.send(ENSURE, [later("a", 4.2), later("b", 30)])
    await world.process().send(ENSURE, [later("c", 20)])

    assert world.alarms(ENSURE) == [5]
    await asyncio.sleep(5)
    await world.process().post_due(ENSURE, now())
    assert world.posted(ENSURE) == ["a"]
    assert [seconds for seconds in world.alarms(ENSURE) if seconds > 0] == [15]


@virtual
async def test_many_processes_that_keep_messages_at_once_send_few_alarms() -> None:
    """However they fall: never ten, of which the scaler would see nothing behind them."""
    world, random = World(), Random(1)  # noqa: S311 - the same on every run
    for _ in range(300):
        seconds = sorted((random.uniform(0, 70) for _ in range(9)), reverse=True)
        processes = [world.process() for _ in seconds]
        await asyncio.gather(
            *(
                process.send(ENSURE, [later(str(random.random()), ahead)])
                for process, ahead in zip(processes, seconds, strict=True)
            )
        )
        ahead = [seconds for seconds in world.alarms(ENSURE) if seconds > 0]
        assert len(ahead) <= MOST_ALARMS
        assert len(set(ahead)) == len(ahead)
        await asyncio.sleep(random.uniform(0, 2))
    assert MOST_ALARMS + 1 < 10


@virtual
async def test_a_message_due_before_all_of_the_most_alarms_is_posted_with_the_first_of_them() -> (
    None
):
    world = World()
    for seconds in range(60, 60 - 2 * MOST_ALARMS, -2):
        await world.process().send(ENSURE, [later(f"m{seconds}", seconds)])
    alarms = sorted(world.alarms(ENSURE))
    assert len(alarms) == MOST_ALARMS

    await world.process().send(ENSURE, [later("first", 10)])

    assert sorted(world.alarms(ENSURE)) == alarms
    await asyncio.sleep(alarms[0])
    await world.process().post_due(ENSURE, now())
    assert world.posted(ENSURE)[0] == "first"


@virtual
async def test_equal_messages_are_kept_once_whoever_sends_them() -> None:
    world = World()
    at = now() + timedelta(seconds=10)
    same = Message(message_id="TOTAL:7:end", at=at)

    for _ in range(3):
        await world.agenda.send(ENSURE, [same, Message(message_id="other", at=at)])
        await world.process().send(ENSURE, [same])

    assert len(await world.agenda.ahead(ENSURE)) == 2


@virtual
async def test_a_conflict_without_a_kept_message_loses_nothing() -> None:
    class Racing(MemoryStore):
        races = 3

        async def commit(
            self, collection: str, partition: str, writes: Sequence[Write]
        ) -> Sequence[str | None]:
            self.races -= 1
            if self.races >= 0:
                raise Conflict(writes[0].key)
            return await super().commit(collection, partition, writes)

    world = World(Racing())

    await world.agenda.send(ENSURE, [later("a", 5), later("b", 6)])

    assert len(await world.agenda.ahead(ENSURE)) == 2


@virtual
async def test_more_than_fits_one_read_is_posted_in_order_of_time() -> None:
    world = World()
    count = 3 * POSTED_AT_ONCE + 1
    await world.agenda.send(ENSURE, [later(f"{n:03}", 100 - n) for n in range(count)])

    await asyncio.sleep(100)

    assert await world.agenda.post_due(ENSURE, now()) == count
    assert world.posted(ENSURE) == [f"{n:03}" for n in reversed(range(count))]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(8))
@virtual
async def test_a_crash_at_any_step_loses_no_message(at: int, after: bool) -> None:  # noqa: FBT001 - parametrized
    store, bus = CrashingStore(), CrashingBus()
    world = World(store, bus)
    store.fuse = bus.fuse = Fuse(at, after=after)
    kept = False

    try:
        await world.process().send(ENSURE, [later("a", 5), later("b", 7)])
        kept = True
        await asyncio.sleep(10)
        await world.process().post_due(ENSURE, now())
    except Killed:
        if not kept:  # the message that wanted it is delivered again
            await world.process().send(ENSURE, [later("a", 5), later("b", 7)])
    await asyncio.sleep(70)
    await world.process().post_due(ENSURE, now())

    assert set(world.posted(ENSURE)) == {"a", "b"}
    assert await world.agenda.ahead(ENSURE) == []


class Picky(FakeBus):
    """Refuses messages that have grown above the limit since they were kept, with all sent beside
    them."""

    def __init__(self) -> None:
        super().__init__()
        self.refused_alone: list[str] = []

    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        large = [one.message_id for one in messages if one.message_id.startswith("large")]
        if large:
            self.refused_alone += large if len(messages) == 1 else []
            raise WrongInputError(f"{large[0]} is too large", "post several smaller ones")
        await super().send(queue, messages)


@pytest.mark.parametrize("places", [(0,), (3,), (29,), (0, 25), (POSTED_AT_ONCE - 1, 20)])
@virtual
async def test_a_message_that_service_bus_refuses_stops_no_other(places: tuple[int, ...]) -> None:
    bus = Picky()
    world = World(bus=bus)
    names = [f"large{n}" if n in places else f"{n}" for n in range(30)]
    await world.agenda.send(ENSURE, [later(name, 5 + n) for n, name in enumerate(names)])
    await asyncio.sleep(60)

    with pytest.raises(WrongInputError, match=f"{names[places[0]]} is too large"):
        await world.process().post_due(ENSURE, now())

    assert bus.refused_alone == [names[n] for n in places]
    assert set(world.posted(ENSURE)) == {name for name in names if not name.startswith("large")}
    left = await world.agenda.ahead(ENSURE)
    assert [entry.message.message_id for entry in left] == [names[n] for n in places]


@virtual
async def test_two_workers_that_post_at_once_leave_nothing_and_lose_nothing() -> None:
    world = World()
    await world.agenda.send(ENSURE, [later(f"{n}", 5) for n in range(30)])
    await asyncio.sleep(5)

    await asyncio.gather(*(world.process().post_due(ENSURE, now()) for _ in range(4)))

    assert set(world.posted(ENSURE)) == {f"{n}" for n in range(30)}
    assert await world.agenda.ahead(ENSURE) == []


@pytest.mark.parametrize(
    "error", [TemporaryError("down", timedelta(seconds=5)), PermanentError("403", "a role")]
)
@virtual
async def test_an_alarm_that_cannot_be_sent_costs_time_and_nothing_else(error: Exception) -> None:
    class Refusing(FakeBus):
        async def send(self, queue: str, messages: object) -> None:
            raise error

    world = World(bus=Refusing())

    await world.agenda.send(ENSURE, [later("m", 5)])

    assert [entry.message.message_id for entry in await world.agenda.ahead(ENSURE)] == ["m"]


@virtual
async def test_a_message_too_large_for_the_store_is_refused_and_the_largest_event_is_kept() -> None:
    world = World()
    noise = Random(1).randbytes(192 * 1024)  # noqa: S311 - the same on every run
    text = "".join(chr(0x4E00 + byte * 7 + n % 7) for n, byte in enumerate(noise[: 64 * 1024]))

    await world.agenda.send(ONBOARDING_EVENTS, [later("text", 99, raw=text.encode())])
    with pytest.raises(WrongInputError):
        await world.agenda.send(ONBOARDING_EVENTS, [later("noise", 99, raw=noise)])

    [entry] = await world.agenda.ahead(ONBOARDING_EVENTS)
    assert entry.message.raw == text.encode()
    assert timedelta(minutes=1) < ALARM_HORIZON
