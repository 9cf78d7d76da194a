"""The timers: discovery, subscriptions, looks at everything, wakes of what is due."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_SUBSCRIPTIONS, SUBSCRIPTION_LIFETIME
from hasten.ports.bus import DIRECTORY_CHANGES, PROVISIONING
from hasten.services import registry, subscriptions
from hasten.services.messages import Look, Wake
from hasten.services.retrying import Retrying
from hasten.services.schedules import Schedules
from hasten.services.subscriptions import Subscribing
from hasten.targets import Target
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

URL = "https://hasten.example/api/graph/notifications"


@dataclass
class Timers(World):
    url: str = URL
    client_state: str = "state"
    schedules: Schedules = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.subscribing = Subscribing(
            directory=self.directory,
            store=self.store,
            bus=self.bus,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
            url=self.url,
            client_state=self.client_state,
        )
        self.schedules = Schedules(
            store=self.store,
            ledger=self.ledger,
            bus=self.bus,
            watching=self.watching,
            subscribing=self.subscribing,
            emit=self.events.append,
            now=now,
            new_id=self.new_id,
        )


@virtual
async def test_a_sweep_finds_the_target_its_job_its_rules_and_its_groups() -> None:
    world = Timers()

    await world.schedules.sweep()

    found = await registry.load(world.store, TOTAL)
    assert found is not None
    assert found.route == (SERVICE_PRINCIPAL, JOB, USER_RULE, GROUP_RULE)
    assert set(found.groups) == {ENGINEERING, ADMIN}


@virtual
async def test_a_sweep_subscribes_once_to_each_group_and_looks_at_it_for_the_gap_before() -> None:
    world = Timers()

    await world.schedules.sweep()
    await world.schedules.sweep()

    resources = sorted(made["resource"] for made in world.directory.subscribed)
    looked = sorted(message.body["group"] for message in world.bus.of(DIRECTORY_CHANGES))
    assert resources == [f"groups/{ENGINEERING}", f"groups/{ADMIN}"]
    assert looked == [ENGINEERING, ADMIN]
    assert await subscriptions.known(world.store) == {"subscription-1", "subscription-2"}


@virtual
async def test_a_target_with_two_namesakes_is_refused_and_the_reason_told() -> None:
    world = Timers()
    world.directory.principals = [
        {"id": SERVICE_PRINCIPAL, "displayName": TOTAL},
        {"id": "another", "displayName": TOTAL},
    ]

    await world.schedules.sweep()

    [unhealthy] = [event for event in world.events if event.name == "target"]
    assert unhealthy.problem
    assert "2 enterprise applications" in str(unhealthy.fields["reason"])
    assert world.directory.subscribed == []


@virtual
async def test_a_target_taken_out_of_the_file_is_not_watched_any_more() -> None:
    world = Timers()
    await world.schedules.sweep()
    world.target = Target(name="OTHER", display_name=TOTAL)

    await world.watching.sweep()

    assert [found.target for found in await registry.load_all(world.store)] == ["OTHER"]


@virtual
async def test_a_group_assigned_later_gets_its_cursor_and_its_subscription() -> None:
    world = Timers()
    world.directory.groups = [ADMIN]
    await world.schedules.sweep()

    world.directory.groups = [ADMIN, ENGINEERING]
    await world.schedules.sweep()
    world.directory.join(ENGINEERING, user(1))
    await world.looking.look(Look(group=ENGINEERING, noticed_at=now(), found_by="test"))

    assert [c.user for c in await world.ledger.open_changes(TOTAL)] == [user(1)]
    assert len(world.directory.subscribed) == 2


@virtual
async def test_subscriptions_are_renewed_after_half_their_life_and_not_before() -> None:
    world = Timers()
    await world.schedules.sweep()
    soon = (now() + SUBSCRIPTION_LIFETIME / 2 - timedelta(minutes=1)).isoformat()
    late = (now() + SUBSCRIPTION_LIFETIME / 2 + timedelta(minutes=1)).isoformat()
    world.directory.subscribed[0]["expirationDateTime"] = soon
    world.directory.subscribed[1]["expirationDateTime"] = late

    await world.schedules.renew()

    renewed, left = (made["expirationDateTime"] for made in world.directory.subscribed)
    assert datetime.fromisoformat(renewed) == now() + SUBSCRIPTION_LIFETIME
    assert left == late


@virtual
async def test_a_subscription_deleted_behind_our_back_is_made_again() -> None:
    world = Timers()
    await world.schedules.sweep()
    world.directory.subscribed.clear()

    await world.schedules.renew()

    assert len(world.directory.subscribed) == 2


@virtual
async def test_subscriptions_made_with_another_secret_are_replaced_by_the_next_sweep() -> None:
    world = Timers()
    await world.schedules.sweep()

    rotated = Timers(store=world.store, directory=world.directory, client_state="rotated")
    await rotated.schedules.sweep()
    await rotated.schedules.sweep()

    made = [subscription["clientState"] for subscription in world.directory.subscribed]
    assert made == ["rotated", "rotated"]
    assert len(rotated.bus.of(DIRECTORY_CHANGES)) == 2


@virtual
async def test_a_subscription_of_ours_that_the_store_does_not_know_is_replaced() -> None:
    world = Timers()
    await world.schedules.sweep()

    forgetful = Timers(directory=world.directory)
    await forgetful.schedules.sweep()

    ids = {subscription["id"] for subscription in world.directory.subscribed}
    assert ids == {"subscription-3", "subscription-4"}
    assert await subscriptions.known(forgetful.store) == ids


@virtual
async def test_a_foreign_subscription_to_the_same_group_is_left_alone() -> None:
    world = Timers()
    foreign = {
        "id": "foreign",
        "resource": f"groups/{ENGINEERING}",
        "notificationUrl": "https://other.example/",
        "expirationDateTime": now().isoformat(),
    }
    world.directory.subscribed.append(dict(foreign))

    await world.schedules.sweep()

    assert world.directory.subscribed[0] == foreign
    assert "foreign" not in await subscriptions.known(world.store)


@virtual
async def test_more_groups_than_subscriptions_allow_are_refused_clearly() -> None:
    world = Timers()

    with pytest.raises(PermanentError, match=str(MAX_SUBSCRIPTIONS)):
        await world.subscribing.ensure([f"group-{n}" for n in range(MAX_SUBSCRIPTIONS + 1)])


@virtual
async def test_the_look_timer_looks_at_every_watched_group() -> None:
    world = Timers()
    await world.is_discovered()

    await world.schedules.look()

    looks = [message.body for message in world.bus.of(DIRECTORY_CHANGES)]
    assert sorted(look["group"] for look in looks) == [ENGINEERING, ADMIN]
    assert {look["found_by"] for look in looks} == {"reconcile"}


@virtual
async def test_the_wake_timer_wakes_targets_with_rows_due_and_no_others() -> None:
    world = Timers()
    await world.is_discovered()
    await world.schedules.wake()
    assert world.bus.sent == []
    await world.joined(ENGINEERING, user(1))

    await world.schedules.wake()

    assert [message.session for message in world.bus.of(PROVISIONING)] == [TOTAL]


@virtual
async def test_a_timer_that_cannot_work_now_says_so_and_leaves_it_to_the_next_tick() -> None:
    world = Timers()
    await world.is_discovered()
    world.bus.down = True

    await world.schedules.look()

    assert world.results("timer") == ["postponed"]


def retrying(world: World) -> Retrying:
    return Retrying(
        bus=world.bus,
        emit=world.events.append,
        now=now,
        new_id=world.new_id,
        backoff=lambda tries: timedelta(seconds=tries),
    )


@virtual
async def test_a_temporary_error_sends_a_later_copy_before_the_message_is_completed() -> None:
    world = World()

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=30))

    await retrying(world).run(fails, Wake(target=TOTAL, tries=2))

    [copy] = world.bus.of(PROVISIONING)
    assert copy.body["tries"] == 3
    assert copy.at == now() + timedelta(seconds=30)


@virtual
async def test_a_message_whose_copy_cannot_be_sent_is_not_completed() -> None:
    world = World()
    world.bus.down = True

    async def fails(_: Wake) -> None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=30))

    with pytest.raises(TemporaryError, match="Service Bus"):
        await retrying(world).run(fails, Wake(target=TOTAL))


@virtual
async def test_a_permanent_error_is_told_with_its_next_action_and_not_repeated() -> None:
    world = World()

    async def fails(_: Wake) -> None:
        raise PermanentError("Graph answered 403", "grant the permission")

    await retrying(world).run(fails, Wake(target=TOTAL))

    [event] = world.events
    assert (event.problem, event.fields["next_action"]) == (True, "grant the permission")
    assert world.bus.sent == []


@virtual
async def test_a_bug_surfaces_so_that_service_bus_delivers_again() -> None:
    world = World()

    async def fails(_: Wake) -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await retrying(world).run(fails, Wake(target=TOTAL))
