"""Reconcile: few requests cover every watched group, and no change between two links is lost."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import FoundBy
from hasten.errors import TemporaryError
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_values import MembershipDelta
from hasten.watch.look import look, start_watching
from hasten.watch.reconcile import reconcile
from hasten.watch.subscriptions import ensure_subscriptions
from tests.fakes.directory import FakeDirectory
from tests.support.reconciling import HUNDRED, grouped, queued_looks
from tests.support.subscriber import ONE, TWO, Subscriber
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user


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
async def test_the_groups_that_changed_are_queued_looks_once_and_no_others() -> None:
    world = await grouped(*HUNDRED)
    world.directory.join(HUNDRED[7], user(1))
    world.directory.join(HUNDRED[77], user(1))

    await reconcile(world.context, HUNDRED)
    found = {message.body["found_by"] for message in world.bus.of(DIRECTORY_CHANGES)}
    assert queued_looks(world) == [HUNDRED[7], HUNDRED[77]]
    await reconcile(world.context, HUNDRED)

    assert found == {"reconcile"}
    assert queued_looks(world) == []


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
async def test_a_change_already_notified_costs_reconcile_one_read_and_nothing_else() -> None:
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
async def test_a_nested_group_is_queued_looks_and_not_waited_for() -> None:
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

    assert queued_looks(world) == [ONE]


@virtual
async def test_a_change_while_a_subscription_was_deleted_is_found_and_it_is_made_again() -> None:
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
