"""Messages for later and their alarms at the boundary of each limit."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from hasten.errors import WrongInputError
from hasten.ports.bus import ALARM, ENSURE, Message
from hasten.records.agenda import (
    ENTRIES_PER_COMMIT,
    ENTRY_PREFIX,
    MAX_PACKED_CHARS,
    POSTED_AT_ONCE,
    Agenda,
)
from hasten.records.alarms import AGENDA_COLLECTION, ALARM_HORIZON, MOST_ALARMS
from tests.fakes.bus import FakeBus
from tests.fakes.memory_store import MemoryStore
from tests.support.counting_store import CountingStore
from tests.support.racing_store import Racing
from tests.support.virtual_time import now, virtual

SECOND, INSTANT = timedelta(seconds=1), timedelta(microseconds=1)


class World:
    def __init__(self) -> None:
        self.store, self.bus = MemoryStore(), FakeBus()
        self.agenda = self.process()

    def process(self) -> Agenda:
        return Agenda(self.store, self.bus, now)

    async def keeps(self, *seconds: float) -> None:
        """Each message is sent by a process of its own."""
        for ahead in seconds:
            message = Message(message_id=f"m{ahead}", at=now() + ahead * SECOND)
            await self.process().send(ENSURE, [message])

    def alarms(self) -> list[float]:
        """Seconds until each alarm that is still to ring."""
        times = [m.at for m in self.bus.of(ENSURE) if ALARM in m.properties and m.at]
        return sorted((at - now()) / SECOND for at in times if at > now())

    def posted(self) -> list[str]:
        return [m.message_id for m in self.bus.of(ENSURE) if ALARM not in m.properties]


@virtual
async def test_a_message_whose_time_is_now_is_sent_at_once_and_only_once() -> None:
    world = World()

    await world.keeps(0)

    assert world.posted() == ["m0"]
    assert await world.agenda.ahead(ENSURE) == []
    assert [message.at for message in world.bus.of(ENSURE)] == [None]


@pytest.mark.parametrize(("ahead", "alarms"), [(75, [75]), (75.001, []), (74.5, [75])])
@virtual
async def test_an_alarm_is_set_within_its_horizon(ahead: float, alarms: list[float]) -> None:
    world = World()

    await world.keeps(ahead)

    assert world.alarms() == alarms
    assert ALARM_HORIZON / SECOND == 75


@virtual
async def test_an_alarm_that_may_have_rung_already_covers_nothing() -> None:
    world = World()
    await world.keeps(5)
    await asyncio.sleep(4)

    await world.keeps(2)

    assert world.alarms() == [1, 2]


@virtual
async def test_an_alarm_covers_what_is_due_after_it_and_not_before() -> None:
    world = World()
    await world.keeps(5, 5, 6, 4)

    assert world.alarms() == [4, 5]


@virtual
async def test_an_alarm_that_has_rung_makes_room_for_another() -> None:
    world = World()
    await world.keeps(*(60 - 2 * n for n in range(MOST_ALARMS)))
    assert len(world.alarms()) == MOST_ALARMS
    await world.keeps(10)
    assert len(world.alarms()) == MOST_ALARMS
    await asyncio.sleep(60 - 2 * (MOST_ALARMS - 1))
    await world.keeps(1.5, 0.5)

    assert world.alarms() == [1, 2, 4, 6, 8, 10, 12, 14]


@virtual
async def test_what_is_due_now_is_posted_and_the_alarm_is_for_what_is_not() -> None:
    world = World()
    await world.keeps(80, 90)
    await asyncio.sleep(80)

    assert await world.process().post_due(ENSURE, now() - INSTANT) == 0
    assert await world.process().post_due(ENSURE, now()) == 1

    assert world.posted() == ["m80"]
    assert world.alarms() == [10]
    [left] = await world.agenda.ahead(ENSURE)
    assert (left.key, left.due) == (f"{ENTRY_PREFIX}20261124T090130000000|m90", now() + 10 * SECOND)
    assert await world.agenda.remove(ENSURE, left)
    assert not await world.agenda.remove(ENSURE, left)
    assert await world.process().post_due(ENSURE, now() + 99 * SECOND) == 0


@pytest.mark.parametrize(
    ("count", "scans"), [(19, 1), (POSTED_AT_ONCE, 2), (POSTED_AT_ONCE + 1, 2)]
)
@virtual
async def test_due_messages_are_read_in_parts(count: int, scans: int) -> None:
    world = World()
    messages = [Message(message_id=f"{n:03}", at=now() + 5 * SECOND) for n in range(count)]
    await world.agenda.send(ENSURE, messages)
    assert world.store.commits == -(-count // ENTRIES_PER_COMMIT) + 1  # one is the alarm's
    store = CountingStore(world.store)

    assert await Agenda(store, world.bus, now).post_due(ENSURE, now() + 5 * SECOND) == count

    commits = -(-count // POSTED_AT_ONCE)
    assert store.requests == scans + commits
    assert world.posted() == [f"{n:03}" for n in range(count)]


@virtual
async def test_a_message_that_this_process_keeps_is_not_saved_again_before_its_time() -> None:
    world = World()
    store = CountingStore(world.store)
    agenda, message = Agenda(store, world.bus, now), Message(message_id="m", at=now() + 9 * SECOND)
    await agenda.send(ENSURE, [message])
    requests = store.requests
    assert requests == 2  # the message and its alarm

    await agenda.send(ENSURE, [message])

    assert store.requests == requests
    assert len(await world.agenda.ahead(ENSURE)) == 1


@virtual
async def test_what_another_worker_removed_meanwhile_does_not_keep_the_rest() -> None:
    world, store = World(), Racing()
    world.store = store
    await Agenda(store, world.bus, now).send(
        ENSURE, [Message(message_id=f"{n}", at=now() + 5 * SECOND) for n in range(3)]
    )
    first, *_ = await Agenda(store, world.bus, now).ahead(ENSURE)
    store.meanwhile = lambda: Agenda(store, world.bus, now).remove(ENSURE, first)

    assert await Agenda(store, world.bus, now).post_due(ENSURE, now() + 5 * SECOND) == 3

    assert world.posted() == ["0", "1", "2"]
    assert await Agenda(store, world.bus, now).ahead(ENSURE) == []


@virtual
async def test_the_largest_message_that_a_document_takes_is_kept() -> None:
    world, noise = World(), Random(1).randbytes(192 * 1024)  # noqa: S311 - the same on every run
    fits, refused = 100 * 1024, len(noise)
    while refused - fits > 1:
        size = (fits + refused) // 2
        message = Message(message_id="m", at=now() + 999 * SECOND, raw=noise[:size])
        try:
            await World().agenda.send(ENSURE, [message])
        except WrongInputError:
            refused = size
        else:
            fits = size

    largest = Message(message_id="m", at=now() + 999 * SECOND, raw=noise[:fits])
    await world.agenda.send(ENSURE, [largest])

    [document] = await world.store.scan(AGENDA_COLLECTION, ENSURE, ENTRY_PREFIX)
    assert len(document.body["message"]) == MAX_PACKED_CHARS


@virtual
async def test_who_closes_the_agenda_closes_the_bus() -> None:
    class Bus(FakeBus):
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    bus = Bus()
    await Agenda(MemoryStore(), bus, now).close()
    assert bus.closed == 1
