"""What every Directory does: the one of the tests must not promise more than Graph keeps."""

from datetime import timedelta

import pytest

from hasten.domain.verdicts import Result, read_verdict
from hasten.ports.directory_errors import AlreadyExists, Missing
from hasten.ports.directory_values import User
from tests.contract.directories import DIRECTORIES, NOBODY, Opened, Tenancy, virtual
from tests.support.virtual_time import now

on_each = pytest.mark.parametrize("opened", DIRECTORIES.values(), ids=DIRECTORIES)
URL = "https://hasten.example/api/graph/notifications"
LIFECYCLE = "https://hasten.example/api/graph/lifecycle"


async def new_group(at: Tenancy, name: str = "Contract users", *members: str) -> str:
    made = await at.directory.create_group(
        {
            "displayName": name,
            "mailNickname": name.replace(" ", "-"),
            "mailEnabled": False,
            "securityEnabled": True,
        }
    )
    if members:
        await at.directory.add_members(made, members)
    return made


async def role(at: Tenancy) -> str:
    """That users have: Graph takes the default role only where the app declares none."""
    [application] = await at.directory.service_principals(object_id=at.service_principal)
    fitting = [r["id"] for r in application["appRoles"] if "User" in r["allowedMemberTypes"]]
    return next(iter(fitting), "00000000-0000-0000-0000-000000000000")


@on_each
@virtual
async def test_a_user_is_enabled_disabled_or_not_there(opened: Opened) -> None:
    async with opened() as at:
        person = at.people[0]

        before = await at.directory.user(person)
        at.set_enabled(person, False)
        after = await at.directory.user(person)

        assert (before, after) == (User(enabled=True), User(enabled=False))
        assert await at.directory.user(NOBODY) is None
        assert await at.directory.users(object_id=NOBODY) == []
        assert [found["id"] for found in await at.directory.users(object_id=person)] == [person]


@on_each
@virtual
async def test_a_group_that_was_made_is_found_by_id_and_by_name_in_any_case(opened: Opened) -> None:
    async with opened() as at:
        made = await new_group(at)

        shown = await at.directory.group(made)
        [named] = await at.directory.groups_named("contract USERS")

        assert shown is not None
        assert shown["id"] == named["id"] == made
        assert (shown["mailEnabled"], shown["securityEnabled"]) == (False, True)
        assert (shown["isAssignableToRole"] or False, list(shown["groupTypes"])) == (False, [])
        assert await at.directory.group(NOBODY) is None
        assert await at.directory.groups_named("no such group") == []


@on_each
@virtual
async def test_members_are_added_all_or_none_and_removed_once(opened: Opened) -> None:
    async with opened() as at:
        one, two, three, *_ = at.people
        made = await new_group(at, "Members", one, two)

        with pytest.raises(AlreadyExists):
            await at.directory.add_members(made, [three, two])
        with pytest.raises(Missing):
            await at.directory.add_members(made, [three, NOBODY])
        with pytest.raises(Missing):
            await at.directory.add_members(NOBODY, [three])
        before = (await at.directory.members(made)).ids
        removed = [await at.directory.remove_member(made, two) for _ in range(2)]

        assert before == {one, two}
        assert removed == [True, False]
        assert [(m.id, m.kind, m.removed) for m in (await at.directory.members(made)).listed] == [
            (one, "user", False)
        ]
        assert await at.directory.transitive_user_count(made) == 1


@on_each
@virtual
async def test_a_nested_group_is_a_member_and_does_not_count_as_a_user(opened: Opened) -> None:
    async with opened() as at:
        one, two, three, *_ = at.people
        inner = await new_group(at, "Inner", two, three)
        outer = await new_group(at, "Outer", one)
        at.nest(outer, inner)

        assert (await at.directory.members(outer)).ids == {one, inner}
        assert await at.directory.transitive_user_count(outer) == 3


@on_each
@virtual
async def test_a_delta_shows_the_net_changes_since_its_link_and_nothing_twice(
    opened: Opened,
) -> None:
    async with opened() as at:
        one, two, three, *_ = at.people
        made = await new_group(at, "Delta", one, two)
        start = await at.directory.membership_start(made)
        await at.directory.remove_member(made, one)
        await at.directory.add_members(made, [three])

        first = await at.directory.membership_delta(start)
        again = await at.directory.membership_delta(start)
        later = await at.directory.membership_delta(first.link)
        await at.directory.add_members(made, [one])
        last = await at.directory.membership_delta(first.link)

        seen = {(m.id, m.removed) for m in first.members[made]}
        assert seen == {(one, True), (three, False)}
        assert {(m.id, m.removed) for m in again.members[made]} == seen
        assert later.members.get(made, ()) == ()
        assert [(m.id, m.removed) for m in last.members[made]] == [(one, False)]


@on_each
@virtual
async def test_one_delta_keeps_the_changes_of_several_groups_separate(opened: Opened) -> None:
    async with opened() as at:
        one, two, *_ = at.people
        groups = [await new_group(at, name) for name in ("First", "Second", "Third")]
        start = await at.directory.membership_start(*groups)
        await at.directory.add_members(groups[0], [one])
        await at.directory.add_members(groups[2], [two])

        found = (await at.directory.membership_delta(start)).members

        assert [m.id for m in found[groups[0]]] == [one]
        assert [m.id for m in found[groups[2]]] == [two]
        assert not found.get(groups[1])


@on_each
@virtual
async def test_assignments_are_made_once_seen_from_both_sides_and_taken_back_once(
    opened: Opened,
) -> None:
    async with opened() as at:
        directory, app = at.directory, at.service_principal
        one, two, *_ = at.people
        made, wanted = await new_group(at, "Assigned", one), await role(at)

        await directory.assign(app, made, wanted)
        await directory.assign(app, two, wanted)
        with pytest.raises(AlreadyExists):
            await directory.assign(app, made, wanted)
        given = {a.principal: a for a in (await directory.assignments(app)).listed}

        assert [(given[p].kind, given[p].role) for p in (made, two)] == [
            ("Group", wanted),
            ("User", wanted),
        ]
        assert await directory.assigned_through(one, app) == [made]
        assert await directory.assigned_through(two, app) == [two]
        assert await directory.assigned_through(at.people[2], app) == []
        assert await directory.assigned_through(NOBODY, app) is None
        assert [await directory.unassign(app, given[made].id) for _ in range(2)] == [True, False]
        assert await directory.assigned_through(one, app) == []


@on_each
@virtual
async def test_the_settings_of_the_scope_are_read_without_any_credential(opened: Opened) -> None:
    async with opened() as at:
        assert await at.directory.scope_settings(at.service_principal) == {"SyncAll": "False"}


@on_each
@virtual
async def test_a_job_is_read_with_its_rules_and_can_be_paused(opened: Opened) -> None:
    async with opened() as at:
        directory, app = at.directory, at.service_principal
        [job] = await directory.jobs(app)
        rules = await directory.rules(app, job["id"])

        await directory.pause_job(app, job["id"])
        paused = await directory.job(app, job["id"])

        served = {mapping["sourceObjectName"] for r in rules for mapping in r["objectMappings"]}
        assert served >= {"User", "Group"}
        assert paused is not None
        assert paused["status"]["code"] == "Paused"
        assert await directory.job(app, "no.such.job") is None


@on_each
@virtual
async def test_a_call_on_demand_is_answered_with_a_verdict(opened: Opened) -> None:
    async with opened() as at:
        directory, app = at.directory, at.service_principal
        person = at.people[0]
        made = await new_group(at, "On demand", person)
        await directory.assign(app, made, await role(at))
        [job] = await directory.jobs(app)
        rule = next(
            r["id"]
            for r in await directory.rules(app, job["id"])
            if r["objectMappings"][0]["sourceObjectName"] == "Group"
        )

        answer = await directory.provision_on_demand(
            app, job["id"], rule, group=made, users=[person]
        )

        assert read_verdict(answer).result is Result.SUCCEEDED


@on_each
@virtual
async def test_a_subscription_is_made_once_renewed_and_removed_without_error(
    opened: Opened,
) -> None:
    async with opened() as at:
        directory = at.directory
        made = await new_group(at, "Subscribed")
        asked = {
            "resource": f"groups/{made}",
            "url": URL,
            "lifecycle_url": LIFECYCLE,
            "client_state": "secret",
        }

        first = await directory.subscribe(**asked, expires=now() + timedelta(days=1))
        with pytest.raises(AlreadyExists):
            await directory.subscribe(**asked, expires=now() + timedelta(days=1))
        renewed = await directory.renew(first["id"], now() + timedelta(days=2))
        [listed] = (await directory.subscriptions()).listed
        for _ in range(2):
            await directory.unsubscribe(first["id"])

        assert renewed is not None
        assert listed["id"] == renewed["id"] == first["id"]
        assert listed["notificationUrl"] == URL
        assert renewed["expirationDateTime"] > first["expirationDateTime"]
        assert (await directory.subscriptions()).listed == []
        assert await directory.renew(first["id"], now() + timedelta(days=2)) is None
