"""Two targets that name one app by different keys."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, FoundBy
from hasten.messages import Wake
from hasten.operate.status import target_status
from hasten.people_look import PeopleLook
from hasten.provision.drain import drain
from hasten.records import discovered
from hasten.targets import Mode, Target
from hasten.telemetry.targets import TargetUnhealthy
from hasten.watch.compare_people import compare_people
from hasten.watch.look import look
from hasten.watch.people import look_at_people
from hasten.watch.sweep import sweep
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

NAMED = Target(name=TOTAL, display_name=TOTAL)
TWIN = Target(name="TWIN", service_principal_id=UUID(SERVICE_PRINCIPAL))
BOTH = (NAMED, TWIN)
MEMBER, JOINER, DIRECTLY = user(1), user(2), user(3)

Happens = Callable[[Context], Awaitable[None]]


def of(world: World, *targets: Target) -> Context:
    return Context(world.context.settings, targets, world)


async def swept(*targets: Target) -> tuple[World, Context]:
    world = World()
    world.directory.groups = [ENGINEERING]
    world.directory.join(ENGINEERING, MEMBER)
    world.directory.has_user(JOINER)
    world.directory.has_user(DIRECTLY)
    context = of(world, *targets)
    await sweep(context)
    await compare_people(context)
    return world, context


async def rows(world: World) -> set[tuple[str, str, str]]:
    """Returns target, group and user of each open row."""
    return {
        (row.target, row.group, row.user)
        for target in BOTH
        for row in await world.ledger.open_changes(target.name)
    }


def fake(context: Context) -> World:
    assert isinstance(context.ports, World)
    return context.ports


async def somebody_joins(context: Context) -> None:
    fake(context).directory.join(ENGINEERING, JOINER)
    await look(context, a_look())


async def a_group_is_assigned(context: Context) -> None:
    fake(context).directory.join(ADMIN, JOINER)
    fake(context).directory.grant(ADMIN, kind="Group")
    await sweep(context)


async def somebody_is_assigned(context: Context) -> None:
    fake(context).directory.grant(DIRECTLY, kind="User")
    await sweep(context)


async def somebody_is_disabled(context: Context) -> None:
    fake(context).directory.disabled.add(MEMBER)
    noticed = PeopleLook(
        users=frozenset({MEMBER}),
        noticed_at=now() - timedelta(minutes=5),
        found_by=FoundBy.RECONCILE,
    )
    await look_at_people(context, noticed)


CHANGES: dict[Happens, tuple[str, str]] = {
    somebody_joins: (ENGINEERING, JOINER),
    a_group_is_assigned: (ADMIN, JOINER),
    somebody_is_assigned: (DIRECT, DIRECTLY),
    somebody_is_disabled: (OWN_ACCOUNT, MEMBER),
}


@pytest.mark.parametrize("happens", CHANGES)
@pytest.mark.parametrize("targets", [BOTH, BOTH[::-1]], ids=["named first", "twin first"])
@virtual
async def test_a_change_is_found_for_the_first_target_in_the_file_only(
    targets: tuple[Target, ...], happens: Happens
) -> None:
    world, context = await swept(*targets)

    await happens(context)

    assert await rows(world) == {(targets[0].name, *CHANGES[happens])}


@pytest.mark.parametrize("happens", CHANGES)
@virtual
async def test_a_first_target_in_observe_mode_stops_no_call_of_the_other(happens: Happens) -> None:
    world, context = await swept(NAMED.model_copy(update={"mode": Mode.OBSERVE}), TWIN)

    await happens(context)

    assert ("TWIN", *CHANGES[happens]) in await rows(world)


@virtual
async def test_a_first_target_that_does_not_watch_people_leaves_them_to_the_other() -> None:
    world, context = await swept(NAMED.model_copy(update={"users": False}), TWIN)

    await somebody_is_disabled(context)

    assert await rows(world) == {("TWIN", OWN_ACCOUNT, MEMBER)}


@virtual
async def test_two_jobs_of_one_app_are_two_targets() -> None:
    other = {"id": "total.0001"}
    world = World()
    world.directory.job_list = [{"id": "total.0000"}, other]
    world.directory.groups = [ENGINEERING]
    world.directory.has_user(JOINER)
    context = of(
        world,
        NAMED.model_copy(update={"job": "total.0000"}),
        TWIN.model_copy(update={"job": "total.0001"}),
    )
    await sweep(context)
    await sweep(context)

    await somebody_joins(context)

    assert await rows(world) == {(t.name, ENGINEERING, JOINER) for t in BOTH}
    assert "unhealthy" not in world.results("target")


@virtual
async def test_the_alert_and_the_status_name_both_targets_and_the_fix() -> None:
    world, context = await swept(*BOTH)

    await sweep(context)

    [alert] = [event for event in world.events if isinstance(event, TargetUnhealthy)]
    [problem] = (await target_status(context, TWIN)).problems[:1]
    assert alert.target == "TWIN"
    assert (alert.reason, alert.next_action) == (problem.found, problem.fix)
    assert "TOTAL and TWIN are one app" in problem.found
    assert "take TWIN out of targets.yaml" in problem.fix
    assert all("one app" not in p.found for p in (await target_status(context, NAMED)).problems)


@pytest.mark.parametrize("happens", [a_group_is_assigned, somebody_is_assigned])
@virtual
async def test_when_the_first_is_taken_out_the_other_finds_what_happened_meanwhile(
    happens: Happens,
) -> None:
    world, context = await swept(*BOTH)
    await happens(context)

    await sweep(of(world, TWIN))

    assert ("TWIN", *CHANGES[happens]) in await rows(world)


@virtual
async def test_what_was_open_before_the_other_target_came_is_called() -> None:
    world, context = await swept(TWIN)
    await somebody_joins(context)
    both = of(world, *BOTH)
    await sweep(both)

    await drain(both, Wake(target="TWIN"))

    assert [call.users for call in world.directory.calls] == [(JOINER,)]
    assert {found.target for found in await discovered.load_all(world.store)} == {TOTAL, "TWIN"}
