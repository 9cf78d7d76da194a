"""Notifications that the webhook believes, and the looks that it queues for them."""

from http import HTTPStatus

from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.store import Put
from hasten.records import subscriptions
from tests.support.subscriber import group
from tests.support.virtual_time import now, virtual
from tests.support.webhook import body, item, receiving
from tests.support.world import ENGINEERING, World, user


@virtual
async def test_a_believed_notification_queues_a_look_now_and_schedules_nothing() -> None:
    world = World()
    service = await receiving(world)

    status = await service.receive(body(item()))

    [look] = world.bus.of(DIRECTORY_CHANGES)
    assert status is HTTPStatus.ACCEPTED
    assert (look.at, look.body["added"]) == (None, [user(1)])


@virtual
async def test_a_replay_within_the_bucket_carries_the_same_message_ids() -> None:
    world = World()
    service = await receiving(world)

    await service.receive(body(item()))
    await service.receive(body(item()))

    ids = [message.message_id for message in world.bus.of(DIRECTORY_CHANGES)]
    assert ids[0] == ids[1]


@virtual
async def test_different_changes_of_a_group_in_one_bucket_are_different_messages() -> None:
    world = World()
    service = await receiving(world)
    other = {"id": ENGINEERING, "members@delta": [{"id": user(2)}]}

    await service.receive(body(item()))
    await service.receive(body(item(resourceData=other)))

    first, second = [m.message_id for m in world.bus.of(DIRECTORY_CHANGES)]
    assert first != second


@virtual
async def test_items_of_one_group_in_one_post_become_one_look() -> None:
    world = World()
    service = await receiving(world)
    other = {"id": ENGINEERING, "members@delta": [{"id": user(2), "@removed": "deleted"}]}

    await service.receive(body(item(), item(resourceData=other)))

    [first] = world.bus.of(DIRECTORY_CHANGES)
    assert (first.body["added"], first.body["removed"]) == ([user(1)], [user(2)])


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
    await world.store.commit(
        subscriptions.SUBSCRIPTIONS_COLLECTION, subscriptions.SUBSCRIPTIONS_PARTITION, [known]
    )

    await service.receive(body(item(subscriptionId=made)))

    assert world.results("notification") == ["queued", "queued"]


@virtual
async def test_only_watched_groups_are_looked_at_and_the_others_counted() -> None:
    world = World()
    service = await receiving(world)
    foreign = [item(resource=f"Groups/{group(n)}") for n in range(70, 75)]

    status = await service.receive(body(*foreign, item()))

    assert status is HTTPStatus.ACCEPTED
    assert {m.body["group"] for m in world.bus.of(DIRECTORY_CHANGES)} == {ENGINEERING}
    [counted] = [event for event in world.events if event.result == "not_watched"]
    assert counted.fields["count"] == 5


@virtual
async def test_what_is_queued_and_refused_is_counted_by_notification_and_not_by_group() -> None:
    world = World()
    service = await receiving(world)
    other = item(resource=f"Groups/{group(9)}")

    await service.receive(body(item(), item(), other, item(), other))

    counts = [(event.result, event.fields["count"]) for event in world.events]
    assert counts == [("not_watched", 2), ("queued", 3)]
    assert len(world.bus.of(DIRECTORY_CHANGES)) == 1
