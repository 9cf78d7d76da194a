"""Hasten takes access in the app itself: whose access it takes, and what proves it."""

from typing import Any

import pytest

from hasten.domain.app_account import NoAccount
from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.watch.sweep import sweep
from tests.fakes.application import FakeApplication
from tests.fakes.directory import JOB
from tests.support.app_revocations import LEAVER, WAKE, has_left, row, world_with
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, found, user


@virtual
async def test_a_leaver_without_assignment_is_inactive_in_the_app_and_the_row_says_so() -> None:
    world = world_with()
    await has_left(world, LEAVER)
    bystander = world.app.add(user(2))

    await drain(world.context, WAKE)

    ended = await row(world)
    assert (world.app.active(LEAVER), world.app.active(user(2))) == ([False], [True])
    assert bystander not in world.app.writes
    assert world.directory.calls == []
    assert ended.state is State.CONFIRMED
    assert ended.finished_at is not None
    at = f"{ended.finished_at:%Y-%m-%d %H:%M:%S}Z"
    assert ended.reason == f"the app itself says inactive at {at}"
    assert not ended.needs_proof
    [outcome] = world.bus.of(PROVISIONING_OUTCOMES)
    assert outcome.body["data"]["result"] == "confirmed"


@pytest.mark.parametrize("how", ["disabled", "deleted"])
@virtual
async def test_a_user_who_is_out_of_reach_of_calls_is_reached_in_the_app(how: str) -> None:
    world = world_with()
    await has_left(world, LEAVER)
    if how == "disabled":
        world.directory.disable(LEAVER)
    else:
        world.directory.delete(LEAVER)

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.CONFIRMED


@pytest.mark.parametrize("action", [Action.DISABLED, Action.DELETED])
@virtual
async def test_the_row_of_a_persons_own_account_is_served_in_the_app(action: Action) -> None:
    """No group has changed: the user is disabled or deleted in Entra ID and still a member."""
    world = world_with()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.app.add(LEAVER)
    if action is Action.DISABLED:
        world.directory.disable(LEAVER)
    else:
        world.directory.delete(LEAVER)
    await world.ledger.record([found(OWN_ACCOUNT, LEAVER, action, 1)])

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await world.row(OWN_ACCOUNT, LEAVER)).state is State.CONFIRMED
    assert world.directory.calls == []


@virtual
async def test_a_person_who_is_enabled_again_keeps_the_account() -> None:
    world = world_with()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.app.add(LEAVER)
    await world.ledger.record([found(OWN_ACCOUNT, LEAVER, Action.DISABLED, 1)])

    await drain(world.context, WAKE)

    assert world.app.writes == []


@virtual
async def test_all_rows_of_a_person_end_with_one_write() -> None:
    world = world_with()
    world.directory.join(ADMIN, LEAVER)
    await has_left(world, LEAVER)
    await world.left(ADMIN, LEAVER)

    await drain(world.context, WAKE)

    assert len(world.app.writes) == 1
    assert (await row(world)).state is State.CONFIRMED
    assert (await world.row(ADMIN, LEAVER)).state is State.CONFIRMED


@virtual
async def test_nothing_is_written_for_somebody_who_is_still_assigned() -> None:
    world = world_with()
    world.directory.join(ADMIN, LEAVER)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert world.results("app_revocation") == ["still_assigned"]
    assert (await row(world)).state is State.WAITING


@virtual
async def test_nothing_is_written_for_somebody_who_may_be_in_a_group_with_hidden_members() -> None:
    """Graph lists neither the members of the group nor what it assigns. Entra ID decides."""
    world = world_with()
    world.directory.hidden_groups.add(ADMIN)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert world.results("app_revocation") == ["still_assigned"]
    assert len(world.directory.calls) == 1


@virtual
async def test_nothing_is_written_while_graph_lists_the_group_that_the_user_left() -> None:
    """The user may have joined again a moment ago. A call lets Entra ID decide."""
    world = world_with()
    await has_left(world, LEAVER)
    world.directory.join(ENGINEERING, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert world.results("app_revocation") == ["still_assigned"]
    assert len(world.directory.calls) == 1


@virtual
async def test_graph_is_read_after_the_app_and_just_before_the_write() -> None:
    class Rejoins(FakeApplication):
        async def find(self, value: str) -> Any:
            found = await super().find(value)
            world.directory.join(ENGINEERING, LEAVER)
            world.directory.join(ADMIN, LEAVER)
            return found

    world = world_with(Rejoins())
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []


@virtual
async def test_an_account_that_is_inactive_already_is_not_written() -> None:
    world = world_with()
    await world.is_discovered()
    world.directory.join(ENGINEERING, LEAVER)
    world.app.add(LEAVER, active=False)
    await world.left(ENGINEERING, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert (await row(world)).state is State.CONFIRMED


@virtual
async def test_no_matching_account_or_several_are_left_to_the_call_and_reported() -> None:
    world = world_with()
    await world.is_discovered()
    alone, twice = user(1), user(2)
    for leaver in (alone, twice):
        world.directory.join(ENGINEERING, leaver)
    for _ in range(2):
        world.app.add(twice)
    await world.left(ENGINEERING, alone, twice)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert sorted(world.results("app_revocation")) == ["no_account", "several_accounts"]
    assert {call.users for call in world.directory.calls} == {(alone,), (twice,)}


@virtual
async def test_a_deleted_user_is_matched_only_by_the_object_id() -> None:
    """Somebody else may have the name by now."""
    world = world_with(match={"app": "userName", "entra": "userPrincipalName"})
    await has_left(world, LEAVER)
    world.directory.delete(LEAVER)

    await drain(world.context, WAKE)

    assert world.app.requests == []
    assert world.results("app_revocation") == ["no_value"]


@virtual
async def test_a_disabled_user_is_matched_by_the_name_that_graph_shows() -> None:
    world = world_with(match={"app": "userName", "entra": "userPrincipalName"})
    await has_left(world, LEAVER)
    world.app.add("ada@contoso.example")
    world.directory.change(LEAVER, userPrincipalName="ada@contoso.example")
    world.directory.disable(LEAVER)

    await drain(world.context, WAKE)

    assert world.app.active("ada@contoso.example") == [False]
    assert await world.app.find(user(5)) == NoAccount()


@virtual
async def test_a_job_in_quarantine_does_not_keep_a_leaver_in() -> None:
    """The job provisions nothing then, neither by call nor by cycle."""
    world = world_with()
    status = {"code": "Quarantine", "quarantine": {"reason": "EncounteredQuarantineException"}}
    world.directory.job_list = [{"id": JOB, "status": status}]
    await has_left(world, LEAVER)
    await world.joined(ENGINEERING, user(900))

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await row(world)).state is State.CONFIRMED
    assert (await world.row(ENGINEERING, user(900))).state is State.WAITING


@virtual
async def test_without_a_match_an_account_is_found_as_the_job_finds_it() -> None:
    world = world_with(match=None)
    await has_left(world, LEAVER)
    upn = "ada@contoso.example"
    world.directory.change(LEAVER, userPrincipalName=upn)
    world.app.accounts.clear()
    world.app.add(upn)
    mapping = world.directory.rule_list[0]["objectMappings"][0]
    mapping["attributeMappings"] = [
        {
            "targetAttributeName": "userName",
            "source": {"expression": "[userPrincipalName]"},
            "matchingPriority": 1,
        }
    ]
    await sweep(world.context)

    await drain(world.context, WAKE)

    assert world.app.active(upn) == [False]
    assert (await row(world)).state is State.CONFIRMED


@virtual
async def test_a_job_that_matches_otherwise_leaves_access_to_entra_and_says_so() -> None:
    world = world_with(match=None)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.requests == []
    assert "not_usable" in world.results("app_revocation")
    assert {name for call in world.directory.calls for name in call.users} == {LEAVER}


@virtual
async def test_a_group_that_the_account_may_still_be_in_is_called_when_it_is_active_again() -> None:
    """Hasten touches no memberships in the app: an active account would have the old one again."""
    world = world_with()
    await has_left(world, LEAVER)
    await drain(world.context, WAKE)
    assert (await row(world)).state is State.CONFIRMED

    await world.joined(ADMIN, LEAVER)
    await drain(world.context, WAKE)

    assert ENGINEERING in {call.group for call in world.directory.calls}
