"""Subscriptions: one for each watched group, or one for all groups."""

import pytest

from hasten.errors import PermanentError
from hasten.limits import MAX_SUBSCRIPTIONS
from hasten.records import subscriptions
from hasten.watch.subscriptions import ensure_subscriptions, subscriptions_settled
from tests.support.subscriber import (
    LIFECYCLE_URL,
    ONE,
    ROTATED,
    TWO,
    URL,
    Subscriber,
    group,
    looked_at,
    resources,
)
from tests.support.virtual_time import virtual

MANY = [group(number) for number in range(1, MAX_SUBSCRIPTIONS + 2)]
FITTING = MANY[:-1]


@virtual
async def test_each_group_is_subscribed_to_once_and_looked_at_for_what_happened_before() -> None:
    world = Subscriber()

    await ensure_subscriptions(world.context, [ONE, TWO])
    await ensure_subscriptions(world.context, [ONE, TWO])

    assert resources(world) == [f"groups/{ONE}", f"groups/{TWO}"]
    assert looked_at(world) == [ONE, TWO]
    assert await subscriptions.known(world.store) == {"subscription-1", "subscription-2"}
    assert {made["notificationUrl"] for made in world.directory.subscribed} == {URL}
    assert {made["lifecycleNotificationUrl"] for made in world.directory.subscribed} == {
        LIFECYCLE_URL
    }


@virtual
async def test_subscriptions_are_compared_from_the_store_without_a_graph_request() -> None:
    world = Subscriber()
    before = await subscriptions_settled(world.context, [ONE])
    await ensure_subscriptions(world.context, [ONE])

    assert not before
    assert await subscriptions_settled(world.context, [ONE])
    assert not await subscriptions_settled(world.context, [ONE, TWO])
    assert not await subscriptions_settled(world.context, [])
    assert not await subscriptions_settled(
        Subscriber(store=world.store, secret=ROTATED).context, [ONE]
    )


@virtual
async def test_the_subscription_of_an_unwatched_group_is_removed_from_graph_and_the_store() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE, TWO])

    await ensure_subscriptions(world.context, [TWO])

    assert resources(world) == [f"groups/{TWO}"]
    assert await subscriptions.known(world.store) == {"subscription-2"}


@virtual
async def test_one_group_too_many_switches_to_one_subscription_and_back_again() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, FITTING)
    world.bus.sent.clear()

    await ensure_subscriptions(world.context, MANY)
    assert resources(world) == ["groups"]
    assert looked_at(world) == sorted(MANY)
    assert await subscriptions_settled(world.context, MANY)
    world.bus.sent.clear()

    await ensure_subscriptions(world.context, FITTING)
    assert resources(world) == [f"groups/{group}" for group in FITTING]
    assert looked_at(world) == sorted(FITTING)
    assert await subscriptions_settled(world.context, FITTING)


@virtual
async def test_nothing_is_removed_before_what_follows_it_is_there() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, MANY)
    refused = PermanentError("Graph answered 403", "look at its limits")
    world.directory.refusals["subscribe"] = [refused]

    with pytest.raises(PermanentError, match="403"):
        await ensure_subscriptions(world.context, FITTING)
    assert "groups" in resources(world)
    assert len(resources(world)) == MAX_SUBSCRIPTIONS
    await ensure_subscriptions(world.context, FITTING)

    assert resources(world) == [f"groups/{group}" for group in FITTING]


@virtual
async def test_one_group_that_graph_refuses_does_not_keep_the_others_waiting() -> None:
    world = Subscriber()
    refused = PermanentError("Graph answered 404", "the group is gone")
    world.directory.refusals["subscribe"] = [refused]

    with pytest.raises(PermanentError, match="404"):
        await ensure_subscriptions(world.context, [ONE, TWO])

    assert resources(world) == [f"groups/{TWO}"]
    assert looked_at(world) == [TWO]
