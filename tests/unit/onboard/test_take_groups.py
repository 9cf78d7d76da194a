"""Groups that an event names, makes, or leaves out."""

from hasten.domain.changes import DIRECT, State
from hasten.domain.intents import THE_GROUP, Wanted, group_key
from hasten.domain.outcomes import REJECTED
from hasten.ports.store import Put
from hasten.records.made_groups import MADE_GROUPS_COLLECTION
from tests.support.posting import (
    ENSURE_GROUP,
    OFFBOARD,
    PROVISION,
    UPN,
    Posting,
    event,
    ref,
    total,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


@virtual
async def test_a_group_that_the_policy_makes_is_wanted_by_name() -> None:
    world = Posting()

    await world.posts(event(users=[ref(1)], group={"name": "Team-New"}))

    intent = await world.intent(group_key("Team-New"), 1)
    assert intent is not None
    assert (intent.wanted, intent.group_name) == (Wanted.MEMBER, "Team-New")


@virtual
async def test_a_group_made_a_moment_ago_is_known_before_any_replica_shows_it() -> None:
    world = Posting()
    made = "0000bbbb-0000-4000-9000-000000000007"
    body = {"name": "Team-New", "creating_at": now().isoformat(), "id": made}
    await world.store.commit(MADE_GROUPS_COLLECTION, TOTAL, [Put(group_key("Team-New"), body)])

    await world.posts(event(users=[ref(1)], group={"name": "team-new"}))

    assert await world.wanted(made, 1) is Wanted.MEMBER


@virtual
async def test_a_group_that_an_earlier_event_makes_may_be_named_before_it_is_there() -> None:
    world = Posting()
    group = {"name": "Found-Later"}

    await world.posts(event(ENSURE_GROUP, group=group))
    await world.posts(event(users=[ref(1)], group=group, event_id="2"))

    assert await world.wanted(group_key("Found-Later"), 1) is Wanted.MEMBER
    assert not world.parked()


@virtual
async def test_ensuring_a_group_says_how_to_make_it_and_who_is_in_it() -> None:
    world = Posting()

    await world.posts(
        event(
            ENSURE_GROUP,
            group={"name": "Team-New"},
            description="The new team",
            owners=[{"upn": UPN.format(9)}],
            role="User",
            members=[ref(1), ref(2)],
        )
    )

    key = group_key("Team-New")
    itself = await world.intents.find(TOTAL, key, THE_GROUP)
    assert itself is not None
    assert itself.wanted is Wanted.GROUP
    assert itself.spec == {"description": "The new team", "owners": [user(9)], "role": "User"}
    assert [await world.wanted(key, number) for number in (1, 2)] == [Wanted.MEMBER] * 2


@virtual
async def test_ensuring_a_dynamic_group_keeps_its_rule() -> None:
    world = Posting()

    await world.posts(event(ENSURE_GROUP, group={"name": "Team-New"}, rule="user.x -eq 1"))

    itself = await world.intents.find(TOTAL, group_key("Team-New"), THE_GROUP)
    assert itself is not None
    assert itself.spec == {"rule": "user.x -eq 1"}


@virtual
async def test_an_unknown_owner_refuses_the_group_as_a_whole() -> None:
    world = Posting()

    await world.posts(event(ENSURE_GROUP, group={"name": "Team-New"}, owners=[ref(404)]))

    assert world.faults()[0]["field"] == "data.owners[0].id"
    assert not await world.intents.open_intents(TOTAL)


@virtual
async def test_the_admin_group_may_be_touched_where_the_policy_says_so() -> None:
    groups = [{"name": "TOTAL-Admin", "admin": True, "events": "allow"}]
    world = Posting(target=total(groups=groups))

    await world.posts(event(users=[ref(1)], group={"id": ADMIN}))

    assert await world.wanted(ADMIN, 1) is Wanted.MEMBER


@virtual
async def test_without_a_group_a_user_is_assigned_where_the_target_allows_it() -> None:
    world = Posting(target=total(direct="allow"))

    await world.posts(event(users=[ref(1)]))

    assert await world.wanted(DIRECT, 1) is Wanted.MEMBER


@virtual
async def test_people_of_a_dynamic_group_can_be_provisioned_although_not_added() -> None:
    world = Posting()
    dynamic = "0000bbbb-0000-4000-8000-00000000000d"
    world.directory.has_group(dynamic, "Found-Dynamic", rule="user.x -eq 1")

    await world.posts(event(PROVISION, users=[ref(1)], group={"id": dynamic}))

    assert await world.wanted(dynamic, 1) is Wanted.IN_STEP


@virtual
async def test_without_groups_a_leaver_leaves_every_group_that_assigns_them() -> None:
    world = Posting(target=total(direct="allow"))
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.grant(user(1), kind="User")

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert await world.wanted(DIRECT, 1) is Wanted.ABSENT
    assert not world.parked()


@virtual
async def test_without_groups_forbidden_groups_are_reported_for_user_and_group() -> None:
    world = Posting()
    await world.is_discovered()
    world.directory.join(ADMIN, user(1))
    world.directory.join(ENGINEERING, user(1))

    await world.posts(event(OFFBOARD, users=[ref(1)]))

    [outcome] = world.outcomes()
    [parked] = world.parked_events()
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert (outcome["result"], outcome["user"], outcome["group"]) == (REJECTED, user(1), ADMIN)
    assert "events: allow" in outcome["nextAction"]
    assert parked["data"] == {"target": TOTAL, "users": [ref(1)], "groups": [{"id": ADMIN}]}


@virtual
async def test_a_leaver_who_is_not_assigned_is_in_step() -> None:
    world = Posting()
    await world.is_discovered()

    await world.posts(event(OFFBOARD, users=[ref(1)]))
    assert world.outcomes() == []
    await world.looks_again()

    assert [(o["result"], o["user"]) for o in world.outcomes()] == [(State.IN_SYNC, user(1))]
    assert not world.ensured()


@virtual
async def test_provisioning_without_a_group_goes_through_every_group_of_the_person() -> None:
    world = Posting()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))

    await world.posts(event(PROVISION, users=[ref(1)]))

    assert await world.wanted(ENGINEERING, 1) is Wanted.IN_STEP
