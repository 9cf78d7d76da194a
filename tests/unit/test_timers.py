"""The timers: discovery, subscriptions, looks at everything, wakes of what is due."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hasten.domain.changes import Cause, FoundBy
from hasten.domain.intents import Intent, Wanted
from hasten.messages import Look
from hasten.policy import GroupPolicy
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE, PROVISIONING
from hasten.ports.directory_errors import DeltaExpired
from hasten.ports.directory_values import MembershipDelta
from hasten.records import discovered
from hasten.records.intents import Intents
from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from hasten.targets import Target
from hasten.timers import run
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.directory import GROUP_RULE, JOB, SERVICE_PRINCIPAL, USER_RULE, FakeDirectory
from tests.support.subscriber import Subscriber, group
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

SALES_ID = UUID("0000bbbb-0000-4000-8000-000000000077")


class Timers(Subscriber):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.intents = Intents(self.store)


@virtual
async def test_a_sweep_finds_the_target_its_job_its_rules_and_its_groups() -> None:
    world = Timers()

    await run(world.context, "sweep")

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.route == (SERVICE_PRINCIPAL, JOB, USER_RULE, GROUP_RULE)
    assert set(found.groups) == {ENGINEERING, ADMIN}


@virtual
async def test_a_target_with_two_namesakes_is_refused_with_the_reason() -> None:
    world = Timers()
    world.directory.principals = [
        {"id": SERVICE_PRINCIPAL, "displayName": TOTAL},
        {"id": "another", "displayName": TOTAL},
    ]

    await run(world.context, "sweep")

    [unhealthy] = [event for event in world.events if event.name == "target"]
    assert unhealthy.problem
    assert "2 enterprise applications" in str(unhealthy.fields["reason"])
    assert world.directory.subscribed == []


@virtual
async def test_a_target_taken_out_of_the_file_is_not_watched_any_more() -> None:
    world = Timers()
    await run(world.context, "sweep")
    world.target = Target(name="OTHER", display_name=TOTAL)

    await sweep(world.context)

    assert [found.target for found in await discovered.load_all(world.store)] == ["OTHER"]


@virtual
async def test_a_group_assigned_later_gets_its_cursor_and_its_subscription() -> None:
    world = Timers()
    world.directory.groups = [ADMIN]
    await run(world.context, "sweep")

    world.directory.groups = [ADMIN, ENGINEERING]
    await run(world.context, "sweep")
    world.directory.join(ENGINEERING, user(1))
    await look(
        world.context, Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    )

    assert [c.user for c in await world.ledger.open_changes(TOTAL)] == [user(1)]
    assert len(world.directory.subscribed) == 2


@virtual
async def test_a_target_with_thousands_of_groups_is_found() -> None:
    world = World(directory=FakeDirectory())
    long_ago = now() - timedelta(days=30)
    for number in range(4_000):
        world.directory.grant(group(number), kind="Group", created=long_ago)

    await sweep(world.context)

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert len(found.groups) == 4_000


@virtual
async def test_a_sweep_subscribes_to_the_groups_it_finds_and_asks_graph_no_more() -> None:
    world = Timers()

    await run(world.context, "sweep")
    await run(world.context, "sweep")

    resources = sorted(made["resource"] for made in world.directory.subscribed)
    assert resources == [f"groups/{ENGINEERING}", f"groups/{ADMIN}"]
    assert world.directory.writes["subscribe"] == 2


@virtual
async def test_the_renew_timer_makes_again_what_was_deleted_behind_our_back() -> None:
    world = Timers()
    await run(world.context, "sweep")
    world.directory.subscribed.clear()

    await run(world.context, "renew")

    assert len(world.directory.subscribed) == 2


@virtual
async def test_the_look_timer_looks_at_the_groups_that_changed_and_no_others() -> None:
    world = Timers()
    await world.is_discovered()
    await run(world.context, "look")
    world.bus.sent.clear()
    world.directory.join(ENGINEERING, user(1))

    await run(world.context, "look")

    [look] = world.bus.of(DIRECTORY_CHANGES)
    assert (look.body["group"], look.body["found_by"]) == (ENGINEERING, "reconcile")


@virtual
async def test_the_wake_timer_wakes_targets_with_rows_due_and_no_others() -> None:
    world = Timers()
    await world.is_discovered()
    await run(world.context, "wake")
    assert world.bus.sent == []
    await world.joined(ENGINEERING, user(1))

    await run(world.context, "wake")

    assert [message.body["target"] for message in world.bus.of(PROVISIONING)] == [TOTAL]


@virtual
async def test_a_timer_that_cannot_work_now_says_so_and_leaves_it_to_the_next_tick() -> None:
    world = Timers()
    await world.is_discovered()
    world.bus.down = True

    await run(world.context, "look")

    assert world.results("timer") == ["postponed"]


@dataclass
class Forgetful(FakeDirectory):
    """Its links end after seven days, as those of Graph do."""

    issued: dict[str, datetime] = field(default_factory=dict)

    async def membership_start(self, *groups: str) -> str:
        link = await super().membership_start(*groups)
        self.issued[link] = now()
        return link

    async def membership_delta(self, link: str) -> MembershipDelta:
        if now() - self.issued[link] > timedelta(days=7):
            raise DeltaExpired
        return await super().membership_delta(link)


@virtual
async def test_the_leaver_of_a_group_in_which_nothing_happened_for_weeks_is_found() -> None:
    world = Timers(directory=Forgetful(groups=[ENGINEERING]))
    world.directory.join(ENGINEERING, user(1))
    await run(world.context, "sweep")
    for _ in range(20):
        world.bus.sent.clear()
        await asyncio.sleep(timedelta(days=1).total_seconds())
        await run(world.context, "tidy")
        for message in world.bus.of(DIRECTORY_CHANGES):
            await look(world.context, Look.parse(message.body))
    world.directory.leave(ENGINEERING, user(1))

    await look(
        world.context, Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    )

    [change] = await world.ledger.open_changes(TOTAL)
    assert (change.user, change.is_removal) == (user(1), True)


@virtual
async def test_the_apply_timer_applies_the_policy_and_comes_back_to_open_intents() -> None:
    world = Timers(
        target=Target(name=TOTAL, display_name=TOTAL, groups=(GroupPolicy(id=SALES_ID),))
    )
    world.directory.has_group(str(SALES_ID), "Sales")
    await world.is_discovered()
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        wanted=Wanted.MEMBER,
        time=now(),
        cause=Cause("/hr", "1"),
        recorded_at=now(),
    )
    await world.intents.record([intent])

    await run(world.context, "apply")

    assert world.directory.writes == {"assign": 1}
    assert [message.body["target"] for message in world.bus.of(ENSURE)] == [TOTAL]


@virtual
async def test_the_wake_timer_has_a_write_looked_at_whose_end_no_worker_saw() -> None:
    world = Timers()
    await world.is_discovered()
    held = await acquire(world.store, TOTAL, WorkKind.ENSURE, owner="stalled", now=now)
    assert held is not None
    async with held.writing(["an intent"]):
        await run(world.context, "wake")
        assert world.bus.of(ENSURE) == []

        await asyncio.sleep(60)
        await run(world.context, "wake")

    assert [message.body["target"] for message in world.bus.of(ENSURE)] == [TOTAL]
