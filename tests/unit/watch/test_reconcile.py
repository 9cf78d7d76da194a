"""Reconcile: every watched group in few requests, and no change between two links."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import FoundBy
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory import MembershipDelta
from hasten.records import cursors
from hasten.records import delta_batches as batches
from hasten.watch.look import look, start_watching
from hasten.watch.reconcile import reconcile
from hasten.watch.subscriptions import ensure_subscriptions
from tests.fakes.directory import FakeDirectory
from tests.support.subscriber import Subscriber, group
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user

ONE, TWO, THREE = group(1), group(2), group(3)
HUNDRED = [group(number) for number in range(1, 101)]


def looked_at(world: Subscriber) -> list[str]:
    found = sorted(message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES))
    world.bus.sent.clear()
    return found


async def grouped(*groups: str) -> Subscriber:
    """Has reconciled once: the batches are there."""
    world = Subscriber()
    await reconcile(world.context, groups)
    world.bus.sent.clear()
    return world


@virtual
async def test_a_hundred_groups_of_a_thousand_without_a_change_take_two_requests() -> None:
    world = Subscriber()
    for number in HUNDRED:
        world.directory.join(number, *(user(member) for member in range(1_000)))
    await reconcile(world.context, HUNDRED)
    world.bus.sent.clear()
    world.directory.delta_reads = 0

    await reconcile(world.context, HUNDRED)

    assert world.directory.delta_reads == 100 / MAX_GROUPS_PER_DELTA
    assert world.bus.sent == []


@virtual
async def test_the_groups_that_changed_are_looked_at_once_and_no_others() -> None:
    world = await grouped(*HUNDRED)
    world.directory.join(HUNDRED[7], user(1))
    world.directory.join(HUNDRED[77], user(1))

    await reconcile(world.context, HUNDRED)
    found = {message.body["found_by"] for message in world.bus.of(DIRECTORY_CHANGES)}
    assert looked_at(world) == [HUNDRED[7], HUNDRED[77]]
    await reconcile(world.context, HUNDRED)

    assert found == {"reconcile"}
    assert looked_at(world) == []


@virtual
async def test_a_change_whose_notification_was_lost_is_in_the_ledger_after_one_period() -> None:
    world = Subscriber()
    await world.watches(ONE)
    await start_watching(world.context, ONE)
    await reconcile(world.context, [ONE])
    world.bus.sent.clear()
    world.directory.join(ONE, user(1))

    await reconcile(world.context, [ONE])
    [message] = world.bus.of(DIRECTORY_CHANGES)
    await look(world.context, Look.parse(message.body))

    [change] = await world.ledger.open_changes(TOTAL)
    assert (change.user, change.found_by) == (user(1), "reconcile")


@virtual
async def test_a_change_that_a_notification_told_of_costs_one_read_and_nothing_else() -> None:
    world = Subscriber()
    await world.watches(ONE)
    await start_watching(world.context, ONE)
    await reconcile(world.context, [ONE])
    world.directory.join(ONE, user(1))
    await look(world.context, Look(group=ONE, noticed_at=now(), found_by=FoundBy.NOTIFICATION))
    world.bus.sent.clear()

    await reconcile(world.context, [ONE])
    [message] = world.bus.of(DIRECTORY_CHANGES)
    world.directory.delta_reads = 0
    await look(world.context, Look.parse(message.body))

    [change] = await world.ledger.open_changes(TOTAL)
    assert change.found_by == "notification"
    assert world.directory.delta_reads == 1


class Unreadable(FakeDirectory):
    async def membership_delta(self, link: str) -> MembershipDelta:
        raise TemporaryError("Graph answered 500", timedelta(seconds=5))


class Behind(FakeDirectory):
    """Its next read comes from a replica that has not heard of the change."""

    behind = False

    async def membership_delta(self, link: str) -> MembershipDelta:
        if self.behind:
            self.behind = False
            return MembershipDelta({}, link)
        return await super().membership_delta(link)


@virtual
async def test_a_look_that_does_not_yet_see_what_reconcile_saw_is_repeated() -> None:
    directory = Behind()
    world = Subscriber(directory=directory)
    await world.watches(ONE)
    await start_watching(world.context, ONE)
    await reconcile(world.context, [ONE])
    directory.join(ONE, user(1))
    world.bus.sent.clear()
    await reconcile(world.context, [ONE])

    [first] = world.bus.of(DIRECTORY_CHANGES)
    directory.behind = True
    await look(world.context, Look.parse(first.body))
    _, again = world.bus.of(DIRECTORY_CHANGES)
    await look(world.context, Look.parse(again.body))

    [change] = await world.ledger.open_changes(TOTAL)
    assert (change.user, change.found_by) == (user(1), "reconcile")


@virtual
async def test_a_nested_group_is_looked_at_and_not_waited_for() -> None:
    world = await grouped(ONE)
    world.directory.nest(ONE, TWO)
    world.directory.join(ONE, user(1))
    world.directory.leave(ONE, user(1))

    await reconcile(world.context, [ONE])

    [look] = world.bus.of(DIRECTORY_CHANGES)
    assert (look.body["added"], look.body["removed"]) == ([], [user(1)])


@virtual
async def test_the_links_move_only_after_the_looks_were_sent() -> None:
    world = await grouped(ONE)
    world.directory.join(ONE, user(1))
    world.bus.down = True

    with pytest.raises(TemporaryError):
        await reconcile(world.context, [ONE])
    world.bus.down = False
    await reconcile(world.context, [ONE])

    assert looked_at(world) == [ONE]


@virtual
async def test_a_group_that_is_newly_watched_is_looked_at_for_what_came_before() -> None:
    world = await grouped(ONE)
    world.directory.join(TWO, user(1))

    await reconcile(world.context, [ONE, TWO])
    assert looked_at(world) == [TWO]
    world.directory.join(TWO, user(2))
    await reconcile(world.context, [ONE, TWO])

    assert looked_at(world) == [TWO]


@virtual
async def test_a_change_just_before_the_groups_are_batched_anew_is_found_all_the_same() -> None:
    world = await grouped(ONE, TWO)
    world.directory.join(ONE, user(1))
    world.directory.join(TWO, user(1))

    await reconcile(world.context, [TWO, THREE])

    assert looked_at(world) == [TWO, THREE]


class Busy(FakeDirectory):
    """Something changes while the new links are made."""

    async def membership_start(self, *groups: str) -> str:
        link = await super().membership_start(*groups)
        self.join(ONE, user(len(self.history.get(ONE, ())) + 1))
        return link


@virtual
async def test_a_change_while_the_groups_are_batched_anew_is_found_too() -> None:
    world = await grouped(ONE)
    world.directory = Busy(history=world.directory.history)

    await reconcile(world.context, [ONE, TWO])

    assert looked_at(world) == [ONE, TWO]


@virtual
async def test_when_fewer_groups_are_watched_the_batches_left_over_are_removed() -> None:
    world = await grouped(*HUNDRED)

    await reconcile(world.context, [ONE])

    [batch] = await batches.load_all(world.store)
    assert batch.groups == (ONE,)
    assert looked_at(world) == []


@virtual
async def test_without_watched_groups_nothing_is_asked() -> None:
    world = Subscriber()

    await reconcile(world.context, [])

    assert world.directory.delta_reads == 0
    assert world.events == []


@virtual
async def test_an_expired_link_starts_anew_and_every_group_of_its_batch_is_looked_at() -> None:
    world = await grouped(*HUNDRED)
    first, _ = await batches.load_all(world.store)
    world.directory.expired_links.add(first.link)
    world.directory.join(HUNDRED[3], user(1))

    await reconcile(world.context, HUNDRED)
    assert looked_at(world) == HUNDRED[:MAX_GROUPS_PER_DELTA]
    await reconcile(world.context, HUNDRED)

    assert looked_at(world) == []


@virtual
async def test_an_expired_link_at_the_last_read_looks_at_what_is_still_watched() -> None:
    world = await grouped(ONE, TWO)
    [batch] = await batches.load_all(world.store)
    world.directory.expired_links.add(batch.link)

    await reconcile(world.context, [TWO, THREE])

    assert looked_at(world) == [TWO, THREE]


class Broken(FakeDirectory):
    """Refuses the first batch."""

    async def membership_delta(self, link: str) -> MembershipDelta:
        if link.startswith(ONE):
            raise PermanentError("Graph answered 400", "look at the request")
        return await super().membership_delta(link)


@virtual
async def test_a_batch_that_cannot_be_read_does_not_keep_the_others_waiting() -> None:
    world = await grouped(*HUNDRED)
    world.directory.join(HUNDRED[77], user(1))
    world.directory = Broken(history=world.directory.history)

    with pytest.raises(PermanentError, match="400"):
        await reconcile(world.context, HUNDRED)

    assert looked_at(world) == [HUNDRED[77]]


@virtual
async def test_a_batch_that_cannot_be_read_does_not_keep_new_groups_from_being_batched() -> None:
    world = Subscriber(directory=Unreadable())
    await reconcile(world.context, [ONE])
    world.bus.sent.clear()

    await reconcile(world.context, [ONE, TWO])

    assert looked_at(world) == [ONE, TWO]
    [batch] = await batches.load_all(world.store)
    assert set(batch.groups) == {ONE, TWO}


@virtual
async def test_of_two_that_reconcile_at_once_neither_loses_a_change() -> None:
    world = await grouped(ONE)
    world.directory.join(ONE, user(1))

    await asyncio.gather(*(reconcile(world.context, [ONE]) for _ in range(2)))
    assert set(looked_at(world)) == {ONE}
    await reconcile(world.context, [ONE])

    assert looked_at(world) == []


@virtual
async def test_what_changed_while_a_subscription_was_deleted_is_found_and_it_is_made_again() -> (
    None
):
    world = Subscriber()
    await world.watches(ONE)
    await start_watching(world.context, ONE)
    await ensure_subscriptions(world.context, [ONE])
    await reconcile(world.context, [ONE])
    world.directory.subscribed.clear()
    world.directory.join(ONE, user(1))
    world.bus.sent.clear()

    await asyncio.sleep(timedelta(minutes=5).total_seconds())
    await reconcile(world.context, [ONE])
    for message in world.bus.of(DIRECTORY_CHANGES):
        await look(world.context, Look.parse(message.body))
    await ensure_subscriptions(world.context, [ONE])

    assert [change.user for change in await world.ledger.open_changes(TOTAL)] == [user(1)]
    assert [made["resource"] for made in world.directory.subscribed] == [f"groups/{ONE}"]


@virtual
async def test_the_batches_leave_the_cursors_of_their_groups_alone() -> None:
    world = await grouped(ONE)
    await start_watching(world.context, ONE)
    before = await cursors.load(world.store, ONE)
    world.directory.join(ONE, user(1))

    await reconcile(world.context, [ONE])

    assert await cursors.load(world.store, ONE) == before
