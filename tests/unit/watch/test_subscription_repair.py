"""Subscriptions that Graph lost, that another app holds, or that no longer fit."""

import pytest

from hasten.domain.subscribing import SAVED_WITHIN
from hasten.errors import PermanentError
from hasten.limits import SUBSCRIPTION_LIFETIME
from hasten.ports.directory_errors import AlreadyExists
from hasten.records import subscriptions
from hasten.watch.subscriptions import ensure_subscriptions
from tests.support.subscriber import (
    ONE,
    ROTATED,
    TWO,
    Lagging,
    Subscriber,
    looked_at,
    passed,
    resources,
)
from tests.support.virtual_time import now, virtual


@virtual
async def test_a_subscription_deleted_behind_our_back_is_made_again_and_its_group_looked_at() -> (
    None
):
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE, TWO])
    world.directory.subscribed.pop(0)
    world.bus.sent.clear()

    await ensure_subscriptions(world.context, [ONE, TWO])

    assert resources(world) == [f"groups/{ONE}", f"groups/{TWO}"]
    assert looked_at(world) == [ONE]
    assert await subscriptions.known(world.store) == {"subscription-2", "subscription-3"}


@virtual
async def test_a_subscription_that_graphs_list_did_not_show_is_adopted() -> None:
    directory = Lagging()
    world = Subscriber(directory=directory)
    await ensure_subscriptions(world.context, [ONE])
    directory.stale = [[]]
    world.bus.sent.clear()

    await ensure_subscriptions(world.context, [ONE])

    assert directory.stale == []
    assert await subscriptions.known(world.store) == {"subscription-1"}
    assert len(world.directory.subscribed) == 1
    assert looked_at(world) == []


@virtual
async def test_one_of_ours_whose_client_state_nobody_knows_is_made_anew() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])
    forgetful = Subscriber(directory=world.directory)

    await ensure_subscriptions(forgetful.context, [ONE])
    assert len(await subscriptions.known(forgetful.store)) == 0
    await passed(SAVED_WITHIN)
    await ensure_subscriptions(forgetful.context, [ONE])

    [made] = world.directory.subscribed
    assert await subscriptions.known(forgetful.store) == {made["id"]} == {"subscription-2"}
    assert looked_at(forgetful) == [ONE]


@virtual
async def test_a_subscription_of_another_app_is_left_alone_and_reported() -> None:
    world = Subscriber()
    foreign = {
        "id": "foreign",
        "resource": f"groups/{ONE}",
        "notificationUrl": "https://other.example/",
        "expirationDateTime": (now() + SUBSCRIPTION_LIFETIME).isoformat(),
    }
    world.directory.subscribed.append(dict(foreign))
    world.directory.refusals["subscribe"] = [AlreadyExists(ONE), AlreadyExists(ONE)]

    with pytest.raises(PermanentError, match="not ours"):
        await ensure_subscriptions(world.context, [ONE])

    assert world.directory.subscribed == [foreign]
    assert await subscriptions.known(world.store) == frozenset()


@virtual
async def test_one_from_before_the_public_address_changed_is_replaced() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE])
    moved = Subscriber(
        store=world.store, directory=world.directory, public_url="https://moved.example"
    )

    await ensure_subscriptions(moved.context, [ONE])

    [made] = world.directory.subscribed
    assert made["notificationUrl"] == "https://moved.example/api/graph/notifications"
    assert await subscriptions.known(world.store) == {made["id"]}


@virtual
async def test_a_rotated_secret_replaces_every_subscription_once() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE, TWO])
    rotated = Subscriber(store=world.store, directory=world.directory, secret=ROTATED)

    await ensure_subscriptions(rotated.context, [ONE, TWO])
    await ensure_subscriptions(rotated.context, [ONE, TWO])

    assert [made["clientState"] for made in world.directory.subscribed] == [
        rotated.context.settings.client_state
    ] * 2
    assert looked_at(rotated) == [ONE, TWO]
    assert world.directory.writes["subscribe"] == 4
