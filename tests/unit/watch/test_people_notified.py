"""Notifications about users: a subscription for all, and looks at the assigned alone."""

from http import HTTPStatus
from typing import Any

import pytest

from hasten.domain.notifications import LifecycleEvent
from hasten.messages import SubscriptionEvent
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.records import signs, subscriptions
from hasten.records.signs import Sign
from hasten.targets import Target
from hasten.watch.lifecycle import handle_lifecycle
from hasten.watch.subscriptions import ensure_subscriptions
from hasten.watch.webhook import PEOPLE_RELOAD_INTERVAL
from tests.support.people import ADA, AMIR, NOBODY, Watched, passes
from tests.support.virtual_time import now, virtual
from tests.support.webhook import body, item, receiving, refused
from tests.support.world import ENGINEERING, TOTAL


def about(person: str, **more: Any) -> dict[str, Any]:
    return item(resource=f"Users/{person}", resourceData={"id": person}, **more)


@virtual
async def test_a_notification_about_an_assigned_person_is_a_look_at_them() -> None:
    world = Watched()
    await world.begins(ADA)
    service = await receiving(world)

    status = await service.receive(body(about(ADA), about(ADA, changeType="deleted")))

    [look] = world.bus.of(DIRECTORY_CHANGES)
    assert status is HTTPStatus.ACCEPTED
    assert (look.body["kind"], look.body["users"]) == ("people", [ADA])
    assert look.at is None
    assert await signs.load(world.store) == {Sign.BELIEVED: now()}
    assert await signs.group_believed(world.store) is None


@virtual
async def test_one_post_about_many_people_is_one_look_and_the_same_again_is_dropped() -> None:
    world = Watched()
    await world.begins(ADA, AMIR)
    service = await receiving(world)

    await service.receive(body(about(ADA), about(AMIR)))
    await service.receive(body(about(AMIR), about(ADA)))

    ids = [message.message_id for message in world.bus.of(DIRECTORY_CHANGES)]
    assert len(set(ids)) == 1
    assert world.bus.of(DIRECTORY_CHANGES)[0].body["users"] == [ADA, AMIR]


@virtual
async def test_notifications_about_everybody_else_are_counted_and_cost_no_message() -> None:
    world = Watched()
    await world.begins(ADA)
    service = await receiving(world)

    for _ in range(3):
        await service.receive(body(about(NOBODY)))

    assert world.bus.of(DIRECTORY_CHANGES) == []
    assert refused(world) == {"not_assigned": 1}


@virtual
async def test_a_joiner_is_known_to_the_webhook_a_minute_later_at_most() -> None:
    world = Watched()
    await world.begins(ADA)
    service = await receiving(world)
    await service.receive(body(about(NOBODY)))
    await world.context.roster.add(TOTAL, [NOBODY], now())

    await service.receive(body(about(NOBODY)))
    before = world.bus.of(DIRECTORY_CHANGES)
    await passes(PEOPLE_RELOAD_INTERVAL)
    await service.receive(body(about(NOBODY)))

    assert before == []
    assert [m.body["users"] for m in world.bus.of(DIRECTORY_CHANGES)] == [[NOBODY]]


@pytest.mark.parametrize(("users", "wanted"), [(True, ["users"]), (False, [])])
def test_one_subscription_covers_all_users_unless_no_target_wants_it(
    users: bool,  # noqa: FBT001 - a case
    wanted: list[str],
) -> None:
    @virtual
    async def scenario() -> None:
        world = Watched(target=Target(name=TOTAL, display_name=TOTAL, users=users))

        await ensure_subscriptions(world.context, [ENGINEERING])
        await ensure_subscriptions(world.context, [ENGINEERING])

        made = [one["resource"] for one in world.directory.subscribed]
        assert made == [f"groups/{ENGINEERING}", *wanted]

    scenario()


@virtual
async def test_switched_off_the_subscription_to_users_is_removed() -> None:
    world = Watched()
    await ensure_subscriptions(world.context, [])
    world.target = Target(name=TOTAL, display_name=TOTAL, users=False)

    await ensure_subscriptions(world.context, [])

    assert world.directory.subscribed == []
    assert await subscriptions.load_all(world.store) == []


@virtual
async def test_after_a_lifecycle_event_the_delta_of_users_is_read() -> None:
    world = Watched()
    await world.begins(ADA)
    await ensure_subscriptions(world.context, [])
    world.directory.disable(ADA)
    [made] = world.directory.subscribed

    await handle_lifecycle(
        world.context,
        SubscriptionEvent(subscription=made["id"], event=LifecycleEvent.MISSED),
    )

    assert [users for users, _ in world.queued_people()] == [[ADA]]
