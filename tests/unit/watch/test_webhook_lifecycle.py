"""Lifecycle events of a subscription, as the webhook receives them."""

from http import HTTPStatus
from typing import Any

import pytest

from hasten.domain.notifications import LifecycleEvent
from hasten.limits import MAX_NOTIFICATION_BYTES
from hasten.messages import SubscriptionEvent, directory_change
from hasten.ports.bus import DIRECTORY_CHANGES
from tests.support.virtual_time import virtual
from tests.support.webhook import CLIENT_STATE, SUBSCRIPTION, TENANT, body, receiving, refused
from tests.support.world import World


def lifecycle(**changes: Any) -> dict[str, Any]:
    return {
        "subscriptionId": SUBSCRIPTION,
        "subscriptionExpirationDateTime": "2026-12-20T11:00:00.0000000Z",
        "tenantId": TENANT,
        "clientState": CLIENT_STATE,
        "lifecycleEvent": "reauthorizationRequired",
        **changes,
    }


@virtual
async def test_a_lifecycle_event_queues_work_on_its_subscription() -> None:
    world = World()
    service = await receiving(world)

    status = await service.receive_lifecycle(body(lifecycle()))

    [message] = world.bus.of(DIRECTORY_CHANGES)
    assert status is HTTPStatus.ACCEPTED
    assert directory_change(message.body) == SubscriptionEvent(
        subscription=SUBSCRIPTION, event=LifecycleEvent.REAUTHORIZATION_REQUIRED
    )


@pytest.mark.parametrize(
    ("said", "event"),
    [
        ("ReauthorizationRequired", LifecycleEvent.REAUTHORIZATION_REQUIRED),
        ("reauthorizationrequired", LifecycleEvent.REAUTHORIZATION_REQUIRED),
        ("Missed", LifecycleEvent.MISSED),
        ("SUBSCRIPTIONREMOVED", LifecycleEvent.SUBSCRIPTION_REMOVED),
        ("somethingNew", LifecycleEvent.UNKNOWN),
        ("", LifecycleEvent.UNKNOWN),
    ],
)
def test_a_lifecycle_event_is_known_in_any_case_and_otherwise_taken_as_the_worst(
    said: str, event: LifecycleEvent
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)

        await service.receive_lifecycle(body(lifecycle(lifecycleEvent=said)))

        [message] = world.bus.of(DIRECTORY_CHANGES)
        assert directory_change(message.body) == SubscriptionEvent(
            subscription=SUBSCRIPTION, event=event
        )

    scenario()


@virtual
async def test_a_replayed_lifecycle_event_carries_the_same_message_id() -> None:
    world = World()
    service = await receiving(world)

    await service.receive_lifecycle(body(lifecycle(), lifecycle()))
    await service.receive_lifecycle(body(lifecycle()))

    first, second = world.bus.of(DIRECTORY_CHANGES)
    assert first.message_id == second.message_id


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"clientState": "forged"}, "refused_ours"),
        ({"tenantId": "0000dddd-0000-4000-8000-00000000dead"}, "wrong_tenant"),
        ({"subscriptionId": "0000eeee-0000-4000-8000-00000000dead"}, "unknown_subscription"),
        ({"subscriptionId": None}, "malformed"),
        ({"lifecycleEvent": 7}, "malformed"),
    ],
)
def test_a_lifecycle_event_that_is_not_believed_is_accepted_counted_and_without_effect(
    changes: dict[str, Any], refusal: str
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)

        status = await service.receive_lifecycle(body(lifecycle(**changes)))

        assert status is HTTPStatus.ACCEPTED
        assert world.results("notification") == [refusal]
        assert world.bus.sent == []

    scenario()


@virtual
async def test_lifecycle_events_obey_the_same_bounds_as_notifications() -> None:
    world = World()
    service = await receiving(world)

    too_large = await service.receive_lifecycle(b" " * (MAX_NOTIFICATION_BYTES + 1))
    no_json = await service.receive_lifecycle(b"{")
    world.bus.down = True
    not_queued = await service.receive_lifecycle(body(lifecycle()))

    assert (too_large, no_json) == (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.BAD_REQUEST,
    )
    assert not_queued is HTTPStatus.SERVICE_UNAVAILABLE
    assert world.results("lifecycle") == ["not_queued"]


@virtual
async def test_a_wrong_client_state_on_a_lifecycle_event_of_ours_is_counted_separately() -> None:
    world = World()
    service = await receiving(world)
    event = {"lifecycleEvent": "missed", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}

    await service.receive_lifecycle(body(event))

    assert refused(world) == {"refused_ours": 1}
