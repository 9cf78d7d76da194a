"""Every outcome that Hasten publishes is in the history, once, whatever dies when."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Cause
from hasten.domain.history import Entry, Filter, Kind
from hasten.domain.outcomes import of_alert, of_event
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.store import Write
from hasten.provision.drain import drain
from hasten.timers import run
from tests.fakes.memory_store import MemoryStore
from tests.support.history import history
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


class Failing(MemoryStore):
    """Loses the answers of commits to some collection."""

    def __init__(self, collection: str) -> None:
        super().__init__()
        self.fails = True
        self._collection = collection

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        etags = await super().commit(collection, partition, writes)
        if self.fails and collection == self._collection:
            raise TemporaryError("the answer was lost", timedelta(seconds=1))
        return etags


async def entries(world: World) -> list[Entry]:
    return list((await history(world).newest(100)).entries)


@virtual
async def test_an_outcome_is_in_the_history_with_its_times_and_its_id() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    [entry] = await entries(world)
    [message] = world.bus.of(PROVISIONING_OUTCOMES)
    assert entry.id == message.message_id
    assert (entry.kind, entry.result, entry.action) == (Kind.OUTCOME, "succeeded", "added")
    assert (entry.target, entry.user, entry.group) == (TOTAL, user(1), ENGINEERING)
    assert entry.at == entry.steps.ended == now()
    assert None not in {entry.steps.noticed, entry.steps.called}


@virtual
async def test_yesterdays_joining_is_still_there_after_todays_leaving() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), origin=1)
    await drain(world.context, WAKE)
    await world.left(ENGINEERING, user(1), origin=2)
    await drain(world.context, WAKE)

    page = await history(world).newest(10, matches=Filter(user=user(1)))

    assert [entry.action for entry in page.entries] == ["removed", "added"]


@virtual
async def test_a_lost_answer_of_the_history_repeats_no_entry_and_loses_no_outcome() -> None:
    store = Failing("history")
    world = World(store=store)
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(7)))

    with pytest.raises(TemporaryError):
        await drain(world.context, WAKE)
    sent_in_spite_of_it = len(world.bus.of(PROVISIONING_OUTCOMES))
    store.fails = False
    await run(world.context, "wake")

    assert sent_in_spite_of_it > 0
    assert sorted(entry.user for entry in await entries(world)) == [user(n) for n in range(7)]
    assert {m.message_id for m in world.bus.of(PROVISIONING_OUTCOMES)} == {
        entry.id for entry in await entries(world)
    }


@virtual
async def test_the_history_has_what_service_bus_did_not_take_yet() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    world.bus.down = True

    with pytest.raises(TemporaryError):
        await drain(world.context, WAKE)

    assert [entry.user for entry in await entries(world)] == [user(1)]


@virtual
async def test_an_outcome_of_an_event_that_is_handled_twice_is_there_once() -> None:
    world = World()

    async def publish() -> None:
        outcome = of_event(
            Cause("/hr", "1"),
            target=TOTAL,
            group="",
            user="",
            result="rejected",
            reason="no such group",
            next_action="name another",
            now=now(),
        )
        alert = of_alert(
            "unhealthy", target=TOTAL, group="", reason="x", next_action="y", key="z", now=now()
        )
        await world.context.outbox.publish([outcome, alert])

    await publish()
    first = await entries(world)
    await asyncio.sleep(timedelta(hours=30).total_seconds())
    await publish()

    assert await entries(world) == first
    assert {entry.kind for entry in first} == {Kind.OUTCOME, Kind.ALERT}


@virtual
async def test_the_timers_seal_what_was_written_also_what_was_written_late() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    await run(world.context, "seal")

    await asyncio.sleep(timedelta(days=5).total_seconds())
    [entry] = await entries(world)
    await history(world).append([replace(entry, id="a" * 32, at=now())])
    await run(world.context, "seal")
    await history(world).append([replace(entry, id="f" * 32)])
    await run(world.context, "seal")
    before = await world.context.seals.head()
    await run(world.context, "tidy")

    head = await world.context.seals.head()
    assert (before.number, head.number) == (2, 3)
    [sealed] = [event for event in world.events if event.result == "sealed"]
    assert (sealed.fields["number"], sealed.fields["digest"]) == (3, head.digest)
    assert [len((await world.context.seals.since(n)).entries) for n in range(4)] == [3, 2, 1, 0]
