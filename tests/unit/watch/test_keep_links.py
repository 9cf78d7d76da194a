"""Every night the delta links of quiet groups are renewed without a message, and every other group
is looked at."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from hasten.domain.changes import FoundBy
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_values import MembershipDelta, UnreadMember
from hasten.records import cursors
from hasten.records.cursors import CURSORS_COLLECTION, CURSORS_PARTITION, Cursor
from hasten.watch.keep_links import LONGEST, READS_AT_ONCE, keep_links
from hasten.watch.look import look, start_watching
from hasten.watch.reconcile import reconcile
from tests.fakes.directory import FakeDirectory
from tests.support.racing_store import Racing
from tests.support.reconciling import HUNDRED, queued_looks
from tests.support.subscriber import ONE, THREE, TWO, Subscriber, group
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user

A_NIGHT = timedelta(days=1)
THREE_HUNDRED = [group(number) for number in range(1, 301)]


async def a_night_later(*groups: str, world: Subscriber | None = None) -> Subscriber:
    world = world or Subscriber()
    await world.watches(*groups)
    await start_watching(world.context, *groups)
    await asyncio.sleep(A_NIGHT.total_seconds())
    return world


async def renewed(world: Subscriber, *groups: str) -> list[str]:
    """The groups whose cursor is younger than a night."""
    found = await cursors.load_all(world.store)
    return [name for name in groups if found[name].age(now()) < A_NIGHT]


@virtual
async def test_quiet_groups_are_renewed_with_one_read_each_and_no_message() -> None:
    world = await a_night_later(*THREE_HUNDRED)

    await keep_links(world.context, THREE_HUNDRED)

    assert world.directory.delta_reads == 300
    assert world.bus.sent == []
    assert await renewed(world, *THREE_HUNDRED) == THREE_HUNDRED
    [event] = world.events
    assert (event.result, event.fields["groups"], event.fields["changed"]) == ("renewed", 300, 0)


@virtual
async def test_a_group_that_changed_is_looked_at_from_its_old_cursor() -> None:
    world = await a_night_later(ONE, TWO, THREE)
    world.directory.join(TWO, user(1))

    await keep_links(world.context, [ONE, TWO, THREE])
    [message] = world.bus.of(DIRECTORY_CHANGES)
    assert message.at is None
    assert await renewed(world, ONE, TWO, THREE) == [ONE, THREE]
    assert [event.fields["changed"] for event in world.events] == [1]
    await look(world.context, Look.parse(message.body))

    [change] = await world.ledger.open_changes(TOTAL)
    assert (change.group, change.user, change.found_by) == (TWO, user(1), "reconcile")


@virtual
async def test_a_leaver_whose_every_look_was_lost_is_found_at_night() -> None:
    world = Subscriber()
    world.directory.join(ONE, user(1))
    await a_night_later(ONE, world=world)
    await reconcile(world.context, [ONE])
    world.directory.leave(ONE, user(1))
    await reconcile(world.context, [ONE])
    assert ONE in queued_looks(world)  # and is lost

    await keep_links(world.context, [ONE])
    for message in world.bus.of(DIRECTORY_CHANGES):
        await look(world.context, Look.parse(message.body))

    [change] = await world.ledger.open_changes(TOTAL)
    assert change.is_removal


@dataclass
class Failing(FakeDirectory):
    """Raises an exception for the links of some groups, or of all."""

    failures: dict[str, Exception] = field(default_factory=dict)
    everywhere: Exception | None = None
    seconds: float = 0.0

    async def membership_delta(self, link: str) -> MembershipDelta:
        delta = await super().membership_delta(link)
        await asyncio.sleep(self.seconds)
        failure = self.failures.get(link.partition("|")[0], self.everywhere)
        if failure is not None:
            raise failure
        return delta


@pytest.mark.parametrize(
    ("failure", "delay"),
    [
        (TemporaryError("Graph answered 429", timedelta(seconds=10)), timedelta(seconds=10)),
        (PermanentError("Graph answered 403", "grant the permission"), None),
    ],
    ids=str,
)
@virtual
async def test_a_read_that_fails_hurts_one_group_and_its_look_waits_as_graph_asks(
    failure: Exception, delay: timedelta | None
) -> None:
    directory = Failing(failures={TWO: failure})
    world = await a_night_later(ONE, TWO, THREE, world=Subscriber(directory=directory))

    await keep_links(world.context, [ONE, TWO, THREE])

    [message] = world.bus.of(DIRECTORY_CHANGES)
    assert message.body["group"] == TWO
    assert message.at == (now() + delay if delay else None)
    assert await renewed(world, ONE, TWO, THREE) == [ONE, THREE]


@virtual
async def test_a_bug_in_the_read_of_one_group_is_raised_after_all_others_were_renewed() -> None:
    directory = Failing(failures={HUNDRED[3]: KeyError("a bug")})
    groups = THREE_HUNDRED
    world = await a_night_later(*groups, world=Subscriber(directory=directory))

    with pytest.raises(KeyError, match="a bug"):
        await keep_links(world.context, groups)

    assert queued_looks(world) == [HUNDRED[3]]
    assert len(await renewed(world, *groups)) == 299


def expired(world: Subscriber, found: Cursor) -> None:
    world.directory.expired_links.add(found.link)


def unread_member(world: Subscriber, _: Cursor) -> None:
    world.directory.unread[ONE] = [UnreadMember(user(1), "id is not a text")]


def unreadable_cursor(world: Subscriber, _: Cursor) -> None:
    assert isinstance(world.store, Racing)
    world.store.plant(CURSORS_COLLECTION, CURSORS_PARTITION, ONE, '{"link": 7}')


def no_cursor(world: Subscriber, _: Cursor) -> None:
    assert isinstance(world.store, Racing)
    world.store.forget(CURSORS_COLLECTION, CURSORS_PARTITION, ONE)


@pytest.mark.parametrize(
    "befall", [expired, unread_member, unreadable_cursor, no_cursor], ids=lambda one: one.__name__
)
@virtual
async def test_whatever_befell_one_group_it_is_looked_at_and_the_others_are_renewed(
    befall: Callable[[Subscriber, Cursor], None],
) -> None:
    world = await a_night_later(ONE, TWO, THREE, world=Subscriber(store=Racing()))
    found = await cursors.load(world.store, ONE)
    assert found is not None
    befall(world, found)

    await keep_links(world.context, [ONE, TWO, THREE])

    assert queued_looks(world) == [ONE]
    assert await renewed(world, TWO, THREE) == [TWO, THREE]


@virtual
async def test_while_graph_throttles_few_reads_are_made_and_then_it_reads_on() -> None:
    directory = Failing(everywhere=TemporaryError("Graph answered 429", timedelta(seconds=10)))
    world = await a_night_later(*THREE_HUNDRED, world=Subscriber(directory=directory))
    began = now()

    async def recovers() -> None:
        await asyncio.sleep(5)
        directory.everywhere = None

    await asyncio.gather(keep_links(world.context, THREE_HUNDRED), recovers())

    assert directory.delta_reads == READS_AT_ONCE + 200
    assert now() - began == timedelta(seconds=10)
    assert {message.at for message in world.bus.of(DIRECTORY_CHANGES)} == {now()}
    assert queued_looks(world) == THREE_HUNDRED[:100]
    assert await renewed(world, *THREE_HUNDRED) == THREE_HUNDRED[100:]


@pytest.mark.parametrize("delay", [timedelta(seconds=5), timedelta(minutes=10)], ids=str)
@virtual
async def test_when_graph_is_down_every_group_is_looked_at_and_the_night_goes_on(
    delay: timedelta,
) -> None:
    directory = Failing(everywhere=TemporaryError("Graph did not answer", delay), seconds=90)
    world = await a_night_later(*THREE_HUNDRED, world=Subscriber(directory=directory))
    began = now()

    await keep_links(world.context, THREE_HUNDRED)

    assert now() - began <= LONGEST + timedelta(seconds=90)
    assert directory.delta_reads <= 3 * READS_AT_ONCE
    assert queued_looks(world) == THREE_HUNDRED
    assert await renewed(world, *THREE_HUNDRED) == []


@virtual
async def test_groups_that_a_slow_graph_left_no_time_for_are_looked_at() -> None:
    directory = Failing(seconds=20)
    world = await a_night_later(*THREE_HUNDRED, world=Subscriber(directory=directory))

    await keep_links(world.context, THREE_HUNDRED)

    kept = await renewed(world, *THREE_HUNDRED)
    assert kept == THREE_HUNDRED[: len(kept)]
    assert len(kept) >= READS_AT_ONCE * LONGEST.total_seconds() / 20 - READS_AT_ONCE
    assert queued_looks(world) == THREE_HUNDRED[len(kept) :]


@virtual
async def test_a_cursor_that_a_look_moved_meanwhile_stays_and_the_others_are_saved() -> None:
    store = Racing()
    world = await a_night_later(ONE, TWO, THREE, world=Subscriber(store=store))
    seen = []

    async def looked() -> None:
        world.directory.join(TWO, user(1))
        await look(world.context, Look(group=TWO, noticed_at=now(), found_by=FoundBy.RECONCILE))
        seen.append(await cursors.load(store, TWO))

    store.meanwhile = looked
    await keep_links(world.context, [ONE, TWO, THREE])

    assert [await cursors.load(store, TWO)] == seen
    assert await renewed(world, ONE, TWO, THREE) == [ONE, TWO, THREE]
    assert [change.user for change in await world.ledger.open_changes(TOTAL)] == [user(1)]


@virtual
async def test_a_crash_before_the_looks_are_queued_loses_none_of_them() -> None:
    world = await a_night_later(ONE, TWO)
    world.directory.join(ONE, user(1))
    world.bus.down = True
    with pytest.raises(TemporaryError):
        await keep_links(world.context, [ONE, TWO])
    world.bus.down = False

    await keep_links(world.context, [ONE, TWO])

    assert queued_looks(world) == [ONE]
