"""Notifications and bodies that the webhook refuses."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from hasten.domain.notifications import Refusal
from hasten.limits import MAX_NOTIFICATION_BYTES, MAX_NOTIFICATIONS
from hasten.records import signs
from hasten.records.signs import Sign
from hasten.telemetry.notifications import NotificationsRefused
from tests.support.subscriber import group
from tests.support.virtual_time import now, virtual
from tests.support.webhook import body, item, receiving, refused
from tests.support.world import World, user


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"clientState": "forged"}, "refused_ours"),
        ({"clientState": None}, "refused_ours"),
        ({"clientState": "forged", "subscriptionId": user(9)}, "wrong_client_state"),
        ({"tenantId": "0000dddd-0000-4000-8000-00000000dead"}, "wrong_tenant"),
        ({"subscriptionId": "0000eeee-0000-4000-8000-00000000dead"}, "unknown_subscription"),
        ({"resource": f"Users/{user(1)}"}, "not_assigned"),
        ({"resource": 7}, "malformed"),
        ({"resource": f"Groups/{group(77)}"}, "not_watched"),
    ],
)
def test_a_notification_that_is_not_believed_is_accepted_counted_and_without_effect(
    changes: dict[str, Any], refusal: str
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)

        status = await service.receive(body(item(**changes)))

        assert status is HTTPStatus.ACCEPTED
        assert world.results("notification") == [refusal]
        assert world.bus.sent == []

    scenario()


@virtual
async def test_a_forged_item_does_not_spoil_the_true_one_beside_it() -> None:
    world = World()
    service = await receiving(world)

    await service.receive(body(item(clientState="forged"), item()))

    assert world.results("notification") == ["refused_ours", "queued"]


@pytest.mark.parametrize("bad", [b"", b"{", b"[]", b"{}", b'{"value": 1}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_collection_is_400(bad: bytes) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        service = await receiving(world)

        assert await service.receive(bad) is HTTPStatus.BAD_REQUEST
        assert world.bus.sent == []

    scenario()


@virtual
async def test_a_body_above_the_bound_is_413_unread() -> None:
    world = World()
    service = await receiving(world)

    status = await service.receive(b" " * (MAX_NOTIFICATION_BYTES + 1))

    assert status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert world.bus.sent == []


@virtual
async def test_a_body_with_more_items_than_graph_can_send_is_counted_and_none_is_read() -> None:
    world = World()
    service = await receiving(world)
    asked = list[str]()

    def nobody_knows(presented: str) -> bool:
        asked.append(presented)
        return False

    service.is_ours = nobody_knows
    crowd = [{"clientState": "forged"}] * MAX_NOTIFICATIONS

    allowed = await service.receive(body(*crowd))
    one_more = body(*crowd, item())
    refused = [await service.receive(one_more), await service.receive_lifecycle(one_more)]

    assert (allowed, refused) == (HTTPStatus.ACCEPTED, [HTTPStatus.BAD_REQUEST] * 2)
    assert len(one_more) < MAX_NOTIFICATION_BYTES
    assert len(asked) == MAX_NOTIFICATIONS
    too_many = NotificationsRefused(result=Refusal.MALFORMED, count=MAX_NOTIFICATIONS + 1)
    assert world.events == [
        NotificationsRefused(result=Refusal.WRONG_CLIENT_STATE, count=MAX_NOTIFICATIONS),
        *[too_many] * 2,
    ]


@virtual
async def test_a_full_body_of_the_shortest_real_notifications_is_below_the_bound_of_items() -> None:
    world = World()
    service = await receiving(world)
    without_data = item(clientState="0" * 64, subscriptionExpirationDateTime="2026-11-27T11:00:00Z")
    del without_data["resourceData"]
    shortest = json.dumps(without_data, separators=(",", ":"))
    full = ",".join([shortest] * (MAX_NOTIFICATION_BYTES // (len(shortest) + 1) - 1))

    status = await service.receive(f'{{"value":[{full}]}}'.encode())

    assert status is HTTPStatus.ACCEPTED


@virtual
async def test_a_wrong_client_state_on_a_subscription_of_ours_is_counted_separately() -> None:
    world = World()
    service = await receiving(world)

    status = await service.receive(body(item(clientState=None), item(clientState="another")))

    assert status is HTTPStatus.ACCEPTED
    assert world.bus.sent == []
    assert refused(world) == {"refused_ours": 2}
    assert await signs.load(world.store) == {Sign.REFUSED: now()}


@pytest.mark.parametrize(
    "changes", [{"subscriptionId": user(9)}, {"tenantId": user(9)}, {"subscriptionId": 5}]
)
@virtual
async def test_one_that_names_another_subscription_or_tenant_is_just_refused(
    changes: dict[str, Any],
) -> None:
    world = World()
    service = await receiving(world)

    await service.receive(body(item(clientState=None, **changes)))

    assert refused(world) == {"wrong_client_state": 1}
    assert await signs.load(world.store) == {}
