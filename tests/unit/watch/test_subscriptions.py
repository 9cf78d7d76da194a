"""Subscriptions kept with Graph: made, renewed, replaced, adopted, removed, and switched over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from hasten.domain.subscribing import SAVED_WITHIN
from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.limits import MAX_SUBSCRIPTIONS, MIN_RENEWAL_INTERVAL, SUBSCRIPTION_LIFETIME
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory import AlreadyExists
from hasten.records import subscriptions
from hasten.watch.subscriptions import ensure_subscriptions, subscriptions_settled
from tests.fakes.directory import FakeDirectory
from tests.support.subscriber import LIFECYCLE_URL, URL, Subscriber, group
from tests.support.virtual_time import now, virtual

ONE, TWO = group(1), group(2)
MANY = [group(number) for number in range(1, MAX_SUBSCRIPTIONS + 2)]
FITTING = MANY[:-1]

ROTATED = "another client state secret of them"


def resources(world: Subscriber) -> list[str]:
    return sorted(made["resource"] for made in world.directory.subscribed)


def looked_at(world: Subscriber) -> list[str]:
    return sorted(message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES))


async def passed(time: timedelta) -> None:
    await asyncio.sleep(time.total_seconds())


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
async def test_the_store_alone_tells_whether_all_is_settled() -> None:
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


@dataclass
class Lagging(FakeDirectory):
    """Its next lists are from a replica that lags behind."""

    stale: list[list[dict[str, str]]] = field(default_factory=list)

    async def subscriptions(self) -> Sequence[Json]:
        return self.stale.pop(0) if self.stale else await super().subscriptions()


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
async def test_what_graph_has_though_its_list_did_not_show_it_is_adopted() -> None:
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
async def test_one_that_another_app_holds_is_left_alone_and_the_operator_told() -> None:
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
async def test_what_is_watched_no_more_is_removed_from_graph_and_from_the_store() -> None:
    world = Subscriber()
    await ensure_subscriptions(world.context, [ONE, TWO])

    await ensure_subscriptions(world.context, [TWO])

    assert resources(world) == [f"groups/{TWO}"]
    assert await subscriptions.known(world.store) == {"subscription-2"}


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
