"""One subscription of Graph's list that cannot be read hurts no other."""

import pytest

from hasten.limits import SUBSCRIPTION_LIFETIME
from hasten.records import subscriptions
from hasten.telemetry.subscriptions import SubscriptionsUnread
from hasten.watch.subscriptions import ensure_subscriptions
from tests.support.subscriber import ONE, TWO, Subscriber, passed, resources
from tests.support.virtual_time import virtual

each = pytest.mark.parametrize("named", [True, False])


@each
def test_it_is_neither_made_again_nor_forgotten_and_all_are_renewed(
    named: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = Subscriber()
        await ensure_subscriptions(world.context, [ONE, TWO])
        known = await subscriptions.known(world.store)
        world.directory.unread_subscriptions = {"subscription-1"}
        world.directory.names_unread = named
        await passed(SUBSCRIPTION_LIFETIME * 0.6)
        before = {one["id"]: one["expirationDateTime"] for one in world.directory.subscribed}

        await ensure_subscriptions(world.context, [ONE, TWO])

        after = {one["id"]: one["expirationDateTime"] for one in world.directory.subscribed}
        assert after.keys() == before.keys() == known == await subscriptions.known(world.store)
        assert all(after[one] > before[one] for one in known)
        assert world.directory.writes["subscribe"] == 2
        [met] = [event for event in world.events if isinstance(event, SubscriptionsUnread)]
        assert (met.entries, met.subscriptions) == (1, ["subscription-1"] if named else [])

    scenario()


@virtual
async def test_one_that_is_gone_although_the_list_may_hide_it_is_made_again() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE, TWO])
    world.directory.subscribed = [
        one for one in world.directory.subscribed if one["resource"] != f"groups/{ONE}"
    ]
    world.directory.unread_subscriptions = {"another"}
    await passed(SUBSCRIPTION_LIFETIME * 0.1)

    await ensure_subscriptions(world.context, [ONE, TWO])

    assert resources(world) == [f"groups/{ONE}", f"groups/{TWO}"]


@virtual
async def test_a_group_that_is_new_gets_its_subscription_meanwhile() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])
    world.directory.unread_subscriptions = {"subscription-1"}

    await ensure_subscriptions(world.context, [ONE, TWO])

    assert resources(world) == [f"groups/{ONE}", f"groups/{TWO}"]
    assert world.directory.writes["subscribe"] == 2
