"""Every outcome that Hasten publishes is in the history, once, whatever dies when."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Cause
from hasten.domain.history import Entry, EntryKind, Filter
from hasten.domain.outcomes import of_alert, of_event
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.store import Delete, Write
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


class Refusing(MemoryStore):
    """Refuses commits to some collection: all, or only those that delete."""

    def __init__(self, collection: str, *, deletes: bool = False) -> None:
        super().__init__()
        self.fails = True
        self._collection = collection
        self._deletes = deletes

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        is_meant = not self._deletes or any(isinstance(write, Delete) for write in writes)
        if self.fails and collection == self._collection and is_meant:
            raise TemporaryError("the store does not answer", timedelta(seconds=1))
        return await super().commit(collection, partition, writes)


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
    assert (entry.kind, entry.result, entry.action) == (EntryKind.OUTCOME, "succeeded", "added")
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
    assert {entry.kind for entry in first} == {EntryKind.OUTCOME, EntryKind.ALERT}


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


async def ends(world: World, *results: str) -> None:
    """Publishes how the intent of an event ends; another look may see another end."""
    outcomes = [
        of_event(
            Cause("/hr", "1"),
            target=TOTAL,
            group=ENGINEERING,
            user=user(1),
            result=result,
            reason="seen so",
            next_action="",
            now=now(),
        )
        for result in results
    ]
    await world.context.outbox.publish(outcomes)


async def both(world: World) -> tuple[list[str], list[str]]:
    """The results on the topic and those in the history."""
    sent = {m.message_id: m.body["data"]["result"] for m in world.bus.of(PROVISIONING_OUTCOMES)}
    return sorted(sent.values()), sorted(entry.result for entry in await entries(world))


@virtual
@pytest.mark.parametrize("comes_again", [True, False])
async def test_the_topic_gets_what_the_history_has_although_the_next_look_sees_another_end(
    *, comes_again: bool
) -> None:
    world = World()
    await world.is_discovered()
    world.bus.down = True
    with pytest.raises(TemporaryError):
        await ends(world, "in_sync")
    assert await both(world) == ([], ["in_sync"])

    world.bus.down = False
    if comes_again:
        await ends(world, "failed")
    await run(world.context, "wake")

    expected = ["failed", "in_sync"] if comes_again else ["in_sync"]
    assert await both(world) == (expected, expected)
    await run(world.context, "wake")
    assert len(world.bus.of(PROVISIONING_OUTCOMES)) == len(expected)


@virtual
@pytest.mark.parametrize("comes_again", [True, False])
async def test_the_history_gets_what_the_topic_has_although_the_next_look_sees_another_end(
    *, comes_again: bool
) -> None:
    store = Refusing("history")
    world = World(store=store)
    await world.is_discovered()
    with pytest.raises(TemporaryError):
        await ends(world, "in_sync")
    assert await both(world) == (["in_sync"], [])

    store.fails = False
    await asyncio.sleep(60)
    if comes_again:
        await ends(world, "failed")
    await run(world.context, "wake")

    expected = ["failed", "in_sync"] if comes_again else ["in_sync"]
    assert await both(world) == (expected, expected)


@virtual
async def test_an_outcome_that_was_not_stored_is_neither_sent_nor_in_the_history() -> None:
    store = Refusing("outcomes")
    world = World(store=store)
    await world.is_discovered()

    with pytest.raises(TemporaryError):
        await ends(world, "in_sync", "stale")
    store.fails = False
    await run(world.context, "wake")

    assert await both(world) == ([], [])


@virtual
async def test_an_outcome_that_comes_again_before_it_was_deleted_keeps_its_first_time() -> None:
    store = Refusing("outcomes", deletes=True)
    world = World(store=store)
    await world.is_discovered()
    begin = now()
    with pytest.raises(TemporaryError):
        await ends(world, "in_sync")

    store.fails = False
    await asyncio.sleep(60)
    await ends(world, "in_sync")
    await asyncio.sleep(60)
    await ends(world, "in_sync")

    assert [entry.at for entry in await entries(world)] == [begin]
    assert {m.body["time"] for m in world.bus.of(PROVISIONING_OUTCOMES)} == {begin.isoformat()}
    assert await store.scan("outcomes", "unsent") == []
