"""An admin group is mirrored when its own notification comes; who is left out is reported."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.applying import StepKind
from hasten.domain.changes import FoundBy
from hasten.domain.explaining import explain
from hasten.ensure.apply_policy import apply_policies
from hasten.ensure.mirror_now import mirror
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Look, Mirror, work_in_entra
from hasten.operate.explain import gather
from hasten.operate.status import target_status
from hasten.policy import GroupPolicy
from hasten.ports.bus import DIRECTORY_CHANGES, ENSURE
from hasten.records import cursors, discovered
from hasten.watch.look import look, start_watching
from hasten.watch.look_messages import LOOK_BUCKET
from hasten.watch.sweep import sweep
from tests.support.applying import ADMINS, MONITORED, Policed, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


async def mirroring() -> Policed:
    """The admin group is known to the policy, and not assigned to the app."""
    world = await world_with(ADMINS, MONITORED)
    await world.adopts()
    await start_watching(world.context, ADMIN, ENGINEERING)
    await sweep(world.context)
    world.directory.groups.remove(ADMIN)
    await sweep(world.context)
    world.bus.sent.clear()
    world.events.clear()
    return world


def a_look(*added: str) -> Look:
    return Look(
        group=ADMIN,
        noticed_at=now() - LOOK_BUCKET,
        found_by=FoundBy.NOTIFICATION,
        added=frozenset(added),
    )


def asked(world: Policed) -> list[Mirror]:
    messages = [work_in_entra(message.body) for message in world.bus.of(ENSURE)]
    return [message for message in messages if isinstance(message, Mirror)]


@virtual
async def test_an_admin_group_that_is_not_assigned_is_watched_and_provisions_nobody() -> None:
    world = await mirroring()

    found = await discovered.load(world.store, TOTAL)

    assert found is not None
    assert (found.watches(ADMIN), found.mirrors(ADMIN)) == (False, True)
    assert ADMIN in await discovered.watched(world.store)
    assert await cursors.load(world.store, ADMIN) is not None
    assert ADMIN in {w.group for w in (await target_status(world.context, world.target)).groups}


@virtual
async def test_an_admin_group_that_the_policy_names_by_id_is_watched_from_the_first_sweep() -> None:
    by_id = GroupPolicy.model_validate({"id": ADMIN, "admin": True})
    mirror_of = MONITORED.model_copy(update={"also_members_of": (ADMIN,)})
    world = await world_with(by_id, mirror_of)

    await sweep(world.context)

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.sources == (ADMIN,)


@pytest.mark.parametrize("twin", [False, True])
@virtual
async def test_before_the_policy_was_applied_the_only_assigned_group_of_the_name_is_the_source(
    twin: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.has_group("stranger", "TOTAL-Admin")
    if twin:
        world.directory.has_group("twin", "TOTAL-Admin")
        world.directory.groups.append("twin")

    await sweep(world.context)

    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    assert found.sources == (() if twin else (ADMIN,))


@virtual
async def test_a_notification_of_the_admin_group_brings_its_people_into_the_mirror() -> None:
    world = await mirroring()
    world.directory.join(ADMIN, user(1))

    await look(world.context, a_look(user(1)))
    [wanted] = asked(world)
    await mirror(world.context, wanted)

    assert wanted.source == ADMIN
    assert wanted.added == {user(1)}
    assert await world.members(ENGINEERING) == {user(1)}
    assert await world.ledger.open_changes(TOTAL) == []
    assert "not_watched" not in world.results("look")


@virtual
async def test_who_leaves_the_admin_group_leaves_the_mirror_at_once() -> None:
    world = await mirroring()
    world.directory.join(ADMIN, user(1), user(2))
    await look(world.context, a_look())
    await mirror(world.context, asked(world)[0])
    world.directory.leave(ADMIN, user(1))

    await look(world.context, a_look())
    await mirror(world.context, asked(world)[1])

    assert asked(world)[1].removed == {user(1)}
    assert await world.members(ENGINEERING) == {user(2)}


@virtual
async def test_the_brake_holds_a_mass_removal_of_the_mirror_that_a_notification_brings() -> None:
    world = await mirroring()
    everyone = [user(n) for n in range(11)]
    world.directory.join(ADMIN, *everyone)
    await world.applies()
    world.directory.leave(ADMIN, *everyone)

    await look(world.context, a_look())
    await mirror(world.context, asked(world)[0])

    assert len(await world.members(ENGINEERING)) == 11
    assert "held" in world.results("policy")


@virtual
async def test_admins_who_leave_one_by_one_are_held_from_where_the_brake_counts_too_many() -> None:
    world = await mirroring()
    everyone = [user(n) for n in range(30)]
    world.directory.join(ADMIN, *everyone)
    await world.applies()

    for one in everyone:
        world.directory.leave(ADMIN, one)
        await mirror(world.context, Mirror(target=TOTAL, source=ADMIN))
        await asyncio.sleep(1)

    assert len(await world.members(ENGINEERING)) == 20
    assert "held" in world.results("brake")
    assert "held" in world.results("policy")

    await world.applies()
    assert await world.members(ENGINEERING) == set()


@virtual
async def test_a_replica_that_lags_behind_the_notification_is_asked_again() -> None:
    world = await mirroring()

    with pytest.raises(TemporaryError, match="does not show"):
        await mirror(world.context, Mirror(target=TOTAL, source=ADMIN, added=frozenset({user(1)})))
    world.directory.join(ADMIN, user(1))
    await mirror(world.context, Mirror(target=TOTAL, source=ADMIN, added=frozenset({user(1)})))

    assert await world.members(ENGINEERING) == {user(1)}


@virtual
async def test_a_hint_that_the_delta_does_not_show_yet_is_looked_at_again() -> None:
    world = await mirroring()

    await look(world.context, a_look(user(1)))

    [again] = world.bus.of(DIRECTORY_CHANGES)
    assert again.at == now() + timedelta(seconds=5)
    assert asked(world) == []


@virtual
async def test_a_delta_link_that_has_expired_mirrors_without_hints() -> None:
    world = await mirroring()
    cursor = await cursors.load(world.store, ADMIN)
    assert cursor is not None
    world.directory.expired_links.add(cursor.link)

    await look(world.context, a_look())

    assert [(m.source, m.added) for m in asked(world)] == [(ADMIN, frozenset())]


@virtual
async def test_only_the_mirroring_groups_of_the_policy_are_touched() -> None:
    world = await world_with(ADMINS, MONITORED, GroupPolicy(name="Sales"))
    world.directory.has_group("sales", "Sales")
    await world.adopts()

    await mirror(world.context, Mirror(target=TOTAL, source=ADMIN))

    assert world.given("sales") == []


@virtual
async def test_a_target_that_left_targets_yaml_is_refused_with_what_to_do() -> None:
    world = await mirroring()

    with pytest.raises(PermanentError, match="OTHER is not in"):
        await mirror(world.context, Mirror(target="OTHER", source=ADMIN))


def test_the_message_survives_the_queue_beside_those_without_a_kind() -> None:
    wanted = Mirror(
        target=TOTAL, source=ADMIN, added=frozenset({user(1)}), removed=frozenset({user(2)})
    )

    assert work_in_entra(wanted.message("id").body) == wanted
    assert wanted.tried_again().tries == 1


@virtual
async def test_an_offboarded_admin_is_left_out_and_that_is_said_everywhere() -> None:
    world = await world_with(ADMINS, MONITORED)
    world.directory.has_user(user(1))
    world.directory.join(ADMIN, user(1))
    await world.context.people.leave(TOTAL, [user(1)], now())

    await apply_policies(world.context)

    assert await world.members(ENGINEERING) == set()
    [said] = [event for event in world.events if event.result == "left_out"]
    assert said.problem
    assert (said.fields["group"], said.fields["people"]) == (ENGINEERING, 1)
    assert "Remove them from TOTAL-Admin as well" in str(said.fields["reason"])
    assert await world.applies() == [StepKind.LEAVE_OUT]
    status = await target_status(world.context, world.target)
    assert [(p.user, p.state) for p in status.people] == [(user(1), "left_out")]
    assert any("1 of TOTAL-Admin were offboarded" in p.found for p in status.problems)
    text = " ".join(explain(await gather(world.context, world.target, user(1))))
    assert "the policy does not add them back" in text

    world.directory.leave(ADMIN, user(1))
    await apply_policies(world.context)

    assert (await target_status(world.context, world.target)).people == []
