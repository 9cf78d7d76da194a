"""Lifecycle events: one PATCH for a reauthorization, looks and a comparison for anything else."""

import asyncio
from datetime import datetime, timedelta

import pytest

from hasten.domain.notifications import LifecycleEvent
from hasten.errors import TemporaryError
from hasten.limits import MAX_SUBSCRIPTIONS, MIN_RENEWAL_INTERVAL, SUBSCRIPTION_LIFETIME
from hasten.messages import SubscriptionEvent
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.watch.lifecycle import handle_lifecycle
from hasten.watch.subscriptions import ensure_subscriptions
from tests.support.subscriber import Subscriber, group
from tests.support.virtual_time import now, virtual

ONE, TWO = group(1), group(2)
DAY = timedelta(days=1)


def event(kind: LifecycleEvent, subscription: str = "subscription-1") -> SubscriptionEvent:
    return SubscriptionEvent(subscription=subscription, event=kind)


REAUTHORIZE = event(LifecycleEvent.REAUTHORIZATION_REQUIRED)


async def subscribed(*groups: str) -> Subscriber:
    world = Subscriber()
    await world.watches(*groups)
    await ensure_subscriptions(world.context, groups)
    world.bus.sent.clear()
    return world


@virtual
async def test_a_reauthorization_is_one_patch_that_renews_too() -> None:
    world = await subscribed(ONE)
    await asyncio.sleep(DAY.total_seconds())

    await handle_lifecycle(world.context, REAUTHORIZE)

    [kept] = world.directory.subscribed
    assert datetime.fromisoformat(kept["expirationDateTime"]) == now() + SUBSCRIPTION_LIFETIME
    assert world.directory.writes == {"subscribe": 1, "renew": 1}
    assert world.bus.sent == []


@virtual
async def test_within_ten_minutes_of_a_renewal_none_follows_whoever_asks() -> None:
    world = await subscribed(ONE)
    await asyncio.sleep((SUBSCRIPTION_LIFETIME / 2).total_seconds())
    await ensure_subscriptions(world.context, [ONE])

    await asyncio.sleep(MIN_RENEWAL_INTERVAL.total_seconds() - 1)
    await handle_lifecycle(world.context, REAUTHORIZE)
    assert world.directory.writes["renew"] == 1
    await asyncio.sleep(1)
    await handle_lifecycle(world.context, REAUTHORIZE)

    assert world.directory.writes["renew"] == 2


@virtual
async def test_timer_and_events_that_come_at_once_make_one_patch() -> None:
    world = await subscribed(ONE)
    await asyncio.sleep((SUBSCRIPTION_LIFETIME / 2).total_seconds())

    await asyncio.gather(
        handle_lifecycle(world.context, REAUTHORIZE),
        handle_lifecycle(world.context, REAUTHORIZE),
        ensure_subscriptions(world.context, [ONE]),
    )

    assert world.directory.writes["renew"] == 1


@virtual
async def test_a_reauthorization_that_was_not_answered_is_tried_again_after_ten_minutes() -> None:
    world = await subscribed(ONE)
    world.directory.refusals["renew"] = [TemporaryError("Graph is busy", timedelta(seconds=5))]
    await asyncio.sleep(DAY.total_seconds())

    with pytest.raises(TemporaryError, match="busy"):
        await handle_lifecycle(world.context, REAUTHORIZE)
    with pytest.raises(TemporaryError) as refused:
        await handle_lifecycle(world.context, REAUTHORIZE)
    await asyncio.sleep(refused.value.delay.total_seconds())
    await handle_lifecycle(world.context, REAUTHORIZE)

    assert world.directory.writes["renew"] == 2


@virtual
async def test_one_that_is_gone_when_it_is_to_be_reauthorized_is_made_again() -> None:
    world = await subscribed(ONE)
    world.directory.subscribed.clear()

    await handle_lifecycle(world.context, REAUTHORIZE)

    [made] = world.directory.subscribed
    assert made["resource"] == f"groups/{ONE}"
    assert [message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES)] == [ONE]


@pytest.mark.parametrize(
    "kind",
    [LifecycleEvent.MISSED, LifecycleEvent.SUBSCRIPTION_REMOVED, LifecycleEvent.UNKNOWN],
)
def test_after_any_other_event_its_group_is_looked_at_and_the_subscriptions_compared(
    kind: LifecycleEvent,
) -> None:
    @virtual
    async def scenario() -> None:
        world = await subscribed(ONE, TWO)
        del world.directory.subscribed[1]

        await handle_lifecycle(world.context, event(kind))

        looked = [message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES)]
        assert looked == [ONE, TWO]
        assert len(world.directory.subscribed) == 2
        assert world.directory.writes["renew"] == 0

    scenario()


@virtual
async def test_the_subscription_to_all_groups_stands_for_every_watched_group() -> None:
    groups = [group(number) for number in range(1, MAX_SUBSCRIPTIONS + 2)]
    world = await subscribed(*groups)

    await handle_lifecycle(world.context, event(LifecycleEvent.MISSED))

    looked = [message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES)]
    assert looked == groups


@virtual
async def test_an_event_about_a_subscription_that_was_replaced_changes_nothing() -> None:
    world = await subscribed(ONE)

    await handle_lifecycle(world.context, event(LifecycleEvent.MISSED, "subscription-0"))

    assert world.bus.sent == []
    assert world.directory.writes == {"subscribe": 1}
