"""Subscriptions that are renewed, and renewals that fail."""

from datetime import datetime, timedelta

import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MIN_RENEWAL_INTERVAL, SUBSCRIPTION_LIFETIME
from hasten.records import subscriptions
from hasten.watch.subscriptions import ensure_subscriptions, subscriptions_settled
from tests.support.subscriber import ONE, TWO, Lagging, Subscriber, passed, resources
from tests.support.virtual_time import now, virtual


@virtual
async def test_subscriptions_are_renewed_after_half_their_life_and_not_before() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])

    await passed(SUBSCRIPTION_LIFETIME / 2 - timedelta(minutes=1))
    await ensure_subscriptions(world.context, [ONE])
    assert world.directory.writes["renew"] == 0
    await passed(timedelta(minutes=1))
    await ensure_subscriptions(world.context, [ONE])

    [kept] = world.directory.subscribed
    assert datetime.fromisoformat(kept["expirationDateTime"]) == now() + SUBSCRIPTION_LIFETIME
    assert await subscriptions_settled(world.context, [ONE])


@virtual
async def test_one_that_is_gone_when_it_is_to_be_renewed_is_made_again() -> None:
    directory = Lagging()
    world = Subscriber(directory=directory)
    await ensure_subscriptions(world.context, [ONE])
    await passed(SUBSCRIPTION_LIFETIME / 2)
    directory.stale = [directory.subscribed]
    directory.subscribed = []

    await ensure_subscriptions(world.context, [ONE])

    assert [made["id"] for made in world.directory.subscribed] == ["subscription-2"]
    assert await subscriptions.known(world.store) == {"subscription-2"}


@virtual
async def test_a_renewal_that_was_not_answered_is_sent_again_but_not_within_ten_minutes() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])
    await passed(SUBSCRIPTION_LIFETIME / 2)
    lost = TemporaryError("Graph did not answer", timedelta(seconds=5))
    world.directory.refusals["renew"] = [lost]

    with pytest.raises(TemporaryError, match="did not answer"):
        await ensure_subscriptions(world.context, [ONE])
    with pytest.raises(TemporaryError, match="was not answered") as refused:
        await ensure_subscriptions(world.context, [ONE])
    await passed(refused.value.delay)
    await ensure_subscriptions(world.context, [ONE])

    assert refused.value.delay == MIN_RENEWAL_INTERVAL
    assert world.directory.writes["renew"] == 2
    assert await subscriptions_settled(world.context, [ONE])


@virtual
async def test_a_renewal_whose_answer_was_lost_is_seen_in_the_list() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])
    await passed(SUBSCRIPTION_LIFETIME / 2)
    renewed = (now() + SUBSCRIPTION_LIFETIME).isoformat()
    world.directory.subscribed[0]["expirationDateTime"] = renewed

    await ensure_subscriptions(world.context, [ONE])

    assert world.directory.writes["renew"] == 0
    assert await subscriptions_settled(world.context, [ONE])


@virtual
async def test_an_unreadable_answer_about_one_subscription_keeps_no_other_waiting() -> None:
    trouble = TemporaryError("no answer", timedelta(seconds=5))
    world = Subscriber()
    world.directory.refusals["subscribe"] = [trouble]

    with pytest.raises(TemporaryError):
        await ensure_subscriptions(world.context, [ONE, TWO])
    made = resources(world)
    await ensure_subscriptions(world.context, [ONE, TWO])
    await passed(SUBSCRIPTION_LIFETIME / 2)
    world.directory.refusals["renew"] = [trouble]
    with pytest.raises(TemporaryError):
        await ensure_subscriptions(world.context, [ONE, TWO])

    assert len(made) == 1
    assert resources(world) == [f"groups/{ONE}", f"groups/{TWO}"]
    assert world.directory.writes["renew"] == 2


@virtual
async def test_a_resource_that_graph_refuses_for_ever_stops_no_renewal() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])
    await passed(SUBSCRIPTION_LIFETIME / 2)
    world.directory.refusals["subscribe"] = [PermanentError("403 quota", "delete some")]

    with pytest.raises(PermanentError):
        await ensure_subscriptions(world.context, [ONE, TWO])

    assert world.directory.writes["renew"] == 1
