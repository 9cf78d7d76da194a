"""The webhook's service: what is believed, what is refused, and what is queued."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

from hasten.domain.notifications import LifecycleEvent, Refusal
from hasten.errors import TemporaryError
from hasten.limits import MAX_NOTIFICATION_BYTES, MAX_NOTIFICATIONS
from hasten.messages import SubscriptionEvent, directory_change
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.store import Document, Put, Write
from hasten.records import discovered, signs, subscriptions
from hasten.records.signs import Sign
from hasten.telemetry.notifications import NotificationsRefused
from hasten.watch.webhook import BUCKET, WATCHED_APART, Receiving
from tests.fakes.memory_store import MemoryStore
from tests.support.subscriber import Subscriber, group
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user

TENANT = "0000dddd-0000-4000-8000-000000000001"
SUBSCRIPTION = "0000eeee-0000-4000-8000-000000000001"
CLIENT_STATE = "our secret"


async def receiving(world: World) -> Receiving:
    known = Put(SUBSCRIPTION, {"group": ENGINEERING, "expires": now().isoformat(), "state": ""})
    await world.store.commit(subscriptions.COLLECTION, subscriptions.PARTITION, [known])
    await world.is_discovered()
    return Receiving(
        store=world.store,
        bus=world.bus,
        emit=world.events.append,
        now=now,
        tenant=TENANT,
        is_ours=lambda presented: presented == CLIENT_STATE,
    )


def item(**changes: Any) -> dict[str, Any]:
    return {
        "changeType": "updated",
        "clientState": CLIENT_STATE,
        "resource": f"Groups/{ENGINEERING}",
        "resourceData": {"id": ENGINEERING, "members@delta": [{"id": user(1)}]},
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        **changes,
    }


def body(*items: object) -> bytes:
    return json.dumps({"value": items}).encode()


@virtual
async def test_a_believed_notification_queues_a_look_now_and_one_at_the_end_of_its_bucket() -> None:
    world = World()
    service = await receiving(world)

    status = await service.receive(body(item()))

    first, last = world.bus.of(DIRECTORY_CHANGES)
    assert status is HTTPStatus.ACCEPTED
    assert (first.at, first.body["added"]) == (None, [user(1)])
    assert last.at is not None
    assert timedelta(0) < last.at - now() <= BUCKET


@virtual
async def test_a_replay_within_the_bucket_carries_the_same_message_ids() -> None:
    world = World()
    service = await receiving(world)

    await service.receive(body(item()))
    await service.receive(body(item()))

    ids = [message.message_id for message in world.bus.of(DIRECTORY_CHANGES)]
    assert ids[:2] == ids[2:]


@virtual
async def test_different_changes_of_a_group_in_one_bucket_share_only_the_last_look() -> None:
    world = World()
    service = await receiving(world)
    other = {"id": ENGINEERING, "members@delta": [{"id": user(2)}]}

    await service.receive(body(item()))
    await service.receive(body(item(resourceData=other)))

    first, last, second, same_last = [m.message_id for m in world.bus.of(DIRECTORY_CHANGES)]
    assert first != second
    assert last == same_last


@virtual
async def test_items_of_one_group_in_one_post_become_one_look() -> None:
    world = World()
    service = await receiving(world)
    other = {"id": ENGINEERING, "members@delta": [{"id": user(2), "@removed": "deleted"}]}

    await service.receive(body(item(), item(resourceData=other)))

    first, _ = world.bus.of(DIRECTORY_CHANGES)
    assert (first.body["added"], first.body["removed"]) == ([user(1)], [user(2)])


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"clientState": "forged"}, "refused_ours"),
        ({"clientState": None}, "refused_ours"),
        ({"clientState": "forged", "subscriptionId": user(9)}, "wrong_client_state"),
        ({"tenantId": "0000dddd-0000-4000-8000-00000000dead"}, "wrong_tenant"),
        ({"subscriptionId": "0000eeee-0000-4000-8000-00000000dead"}, "unknown_subscription"),
        ({"resource": f"Users/{user(1)}"}, "not_a_group"),
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
async def test_503_when_the_queue_is_out_of_reach_so_that_graph_sends_again() -> None:
    world = World()
    service = await receiving(world)
    world.bus.down = True

    status = await service.receive(body(item()))

    assert status is HTTPStatus.SERVICE_UNAVAILABLE
    assert world.results("notification") == ["not_queued"]


@virtual
async def test_a_subscription_made_after_the_start_is_known_at_once() -> None:
    world = World()
    service = await receiving(world)
    await service.receive(body(item()))
    made = "0000eeee-0000-4000-8000-000000000002"
    known = Put(made, {"group": ENGINEERING, "expires": now().isoformat(), "state": ""})
    await world.store.commit(subscriptions.COLLECTION, subscriptions.PARTITION, [known])

    await service.receive(body(item(subscriptionId=made)))

    assert world.results("notification") == ["queued", "queued"]


@virtual
async def test_of_all_groups_only_watched_ones_are_looked_at_and_the_others_counted() -> None:
    world = World()
    service = await receiving(world)
    foreign = [item(resource=f"Groups/{group(n)}") for n in range(70, 75)]

    status = await service.receive(body(*foreign, item()))

    assert status is HTTPStatus.ACCEPTED
    assert {m.body["group"] for m in world.bus.of(DIRECTORY_CHANGES)} == {ENGINEERING}
    [counted] = [event for event in world.events if event.result == "not_watched"]
    assert counted.fields["count"] == 5


@dataclass
class CountingStore(MemoryStore):
    scans: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    async def scan(
        self, collection: str, partition: str, prefix: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        self.scans.append(collection)
        return await super().scan(collection, partition, prefix, limit)


@virtual
async def test_a_flood_of_changes_in_other_groups_reads_the_store_once_in_three_seconds() -> None:
    store = CountingStore()
    world = World(store=store)
    service = await receiving(world)

    for number in range(100):
        await service.receive(body(item(resource=f"Groups/{group(100 + number)}")))
        await asyncio.sleep(0.06)

    assert store.scans.count(discovered.COLLECTION) == 2


@virtual
async def test_a_group_watched_since_the_last_read_is_known_once_a_read_is_allowed_again() -> None:
    world = Subscriber()
    service = await receiving(world)
    later = item(resource=f"Groups/{group(7)}")
    await service.receive(body(later))
    await world.watches(ENGINEERING, group(7))

    await service.receive(body(later))
    await asyncio.sleep(WATCHED_APART.total_seconds())
    await service.receive(body(later))

    assert world.results("notification") == ["not_watched", "not_watched", "queued"]


@virtual
async def test_posts_that_come_while_the_watched_groups_are_read_wait_for_the_answer() -> None:
    world = World()
    service = await receiving(world)

    await asyncio.gather(*(service.receive(body(item())) for _ in range(3)))

    assert world.results("notification") == ["queued"] * 3


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


def refused(world: World) -> dict[str, int]:
    return {e.result: e.fields["count"] for e in world.events if "count" in e.fields}


@virtual
async def test_a_notification_of_ours_without_our_client_state_is_told_apart() -> None:
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


@virtual
async def test_lifecycle_events_of_ours_without_our_client_state_are_told_apart() -> None:
    world = World()
    service = await receiving(world)
    event = {"lifecycleEvent": "missed", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}

    await service.receive_lifecycle(body(event))

    assert refused(world) == {"refused_ours": 1}


@virtual
async def test_a_flood_of_forgeries_reads_the_store_once_a_minute() -> None:
    store = CountingStore()
    world = World(store=store)
    service = await receiving(world)
    store.scans.clear()

    for number in range(50):
        await service.receive(body(item(clientState="forged", subscriptionId=user(number))))

    assert len(store.scans) == 1


@virtual
async def test_a_believed_notification_is_noted_once_it_is_queued() -> None:
    world = World()
    service = await receiving(world)
    world.bus.down = True
    await service.receive(body(item()))
    assert await signs.load(world.store) == {}
    world.bus.down = False

    await service.receive(body(item()))

    assert await signs.load(world.store) == {Sign.BELIEVED: now()}


class Unwritable(MemoryStore):
    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        if collection == signs.COLLECTION:
            raise TemporaryError("Table Storage answered 503", timedelta(seconds=5))
        return await super().commit(collection, partition, writes)


@virtual
async def test_a_sign_that_cannot_be_written_changes_no_answer_and_is_logged() -> None:
    world = World(store=Unwritable())
    service = await receiving(world)

    statuses = [
        await service.receive(body(item())),
        await service.receive(body(item(clientState=None))),
    ]

    assert statuses == [HTTPStatus.ACCEPTED] * 2
    assert len(world.bus.of(DIRECTORY_CHANGES)) == 2
    assert world.results("notification") == ["queued", "not_noted", "not_noted", "refused_ours"]
