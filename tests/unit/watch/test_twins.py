"""Two targets that name one app by different keys."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hasten.context import Context
from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, FoundBy, HeldBy, State
from hasten.messages import Wake
from hasten.operate.status import target_status
from hasten.people_look import PeopleLook
from hasten.ports.store import Put
from hasten.provision.drain import drain
from hasten.records import discovered
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from hasten.targets import Mode, Target
from hasten.telemetry.targets import TargetUnhealthy
from hasten.watch.compare_people import compare_people
from hasten.watch.hand_over import hand_over, note_left
from hasten.watch.look import look
from hasten.watch.people import look_at_people
from hasten.watch.sweep import sweep
from tests.fakes.memory_store import MemoryStore
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.looking import a_look
from tests.support.renaming import of
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

NAMED = Target(name=TOTAL, display_name=TOTAL)
TWIN = Target(name="TWIN", service_principal_id=UUID(SERVICE_PRINCIPAL))
BOTH = (NAMED, TWIN)
MEMBER, JOINER, DIRECTLY = user(1), user(2), user(3)

Happens = Callable[[Context], Awaitable[None]]


async def swept(*targets: Target, store: MemoryStore | None = None) -> tuple[World, Context]:
    world = World(store=store or MemoryStore())
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
    return {row.name for one in BOTH for row in await world.ledger.open_changes(one.name)}


def fake(context: Context) -> World:
    assert isinstance(context.ports, World)
    return context.ports


async def somebody_joins(context: Context) -> None:
    fake(context).directory.join(ENGINEERING, JOINER)
    await look(context, a_look())


async def somebody_leaves(context: Context) -> None:
    fake(context).directory.leave(ENGINEERING, MEMBER)
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


@virtual
async def test_a_group_that_was_unassigned_is_not_watched_for_the_other_target() -> None:
    world, context = await swept(*BOTH)
    fake(context).directory.groups = []
    for _ in range(4):
        await sweep(context)
        await asyncio.sleep(60)

    await somebody_joins(context)

    assert await rows(world) == {(TOTAL, ENGINEERING, MEMBER)}


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


@pytest.mark.parametrize("happens", [somebody_leaves, *CHANGES])
@pytest.mark.parametrize("before", [BOTH, (NAMED,)], ids=["twin", "renamed"])
@virtual
async def test_when_the_first_is_taken_out_the_other_takes_over_what_it_has_open(
    before: tuple[Target, ...], happens: Happens
) -> None:
    world, context = await swept(*before)
    await happens(context)
    opened = {(group, of) for target, group, of in await rows(world) if target == TOTAL}

    await sweep(of(world, TWIN))

    assert opened
    assert await rows(world) == {("TWIN", *one) for one in opened}
    assert "TWIN" in {wake.body["target"] for wake in world.bus.of("provisioning")}


STATES: dict[str, tuple[dict[str, Any], str]] = {
    "held by the brake": ({"state": State.HELD, "held_by": HeldBy.BRAKE}, "TWIN"),
    "held by observe mode": ({"state": State.HELD, "held_by": HeldBy.OBSERVE}, "TWIN"),
    "left to the cycle": ({"state": State.LEFT_TO_CYCLE, "needs_proof": True}, "TWIN"),
    "ended": ({"state": State.CONFIRMED}, "TWIN"),
}


@pytest.mark.parametrize("case", STATES)
@virtual
async def test_a_row_keeps_its_state_when_it_moves(case: str) -> None:
    fields, place = STATES[case]
    world, _ = await swept(*BOTH)
    row = replace(found(ENGINEERING, MEMBER, Action.REMOVED, 1), **fields)
    await world.ledger.record([row])

    for _ in range(2):
        await sweep(of(world, TWIN))

    moved = [await world.ledger.find(name, ENGINEERING, MEMBER) for name in (TOTAL, "TWIN")]
    assert [one for one in moved if one is not None] == [replace(row, target=place)]


@virtual
async def test_a_row_that_cannot_be_read_stays_and_hinders_no_other() -> None:
    world, context = await swept(*BOTH)
    key = f"{OPEN_PREFIX}{ENGINEERING}|{MEMBER}"
    await world.store.commit(LEDGER_COLLECTION, TOTAL, [Put(key, {"garbled": True})])
    await somebody_joins(context)

    await sweep(of(world, TWIN))

    assert await rows(world) == {(TOTAL, ENGINEERING, MEMBER), ("TWIN", ENGINEERING, JOINER)}


async def take_out(context: Context, target: str) -> None:
    await note_left(context, {target})
    await hand_over(context, context.now())


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("after", [False, True])
@virtual
async def test_a_crash_while_rows_move_loses_none(
    step: int,
    after: bool,  # noqa: FBT001 - a case
) -> None:
    store = CrashingStore()
    world, context = await swept(*BOTH, store=store)
    await somebody_joins(context)
    store.fuse = Fuse(step, after=after)

    with pytest.raises(Killed):
        await take_out(of(world, TWIN), TOTAL)
    store.fuse = Fuse(-1, after=False)
    await sweep(of(world, TWIN))

    assert await rows(world) == {("TWIN", ENGINEERING, JOINER)}
    assert await discovered.load(world.store, TOTAL) is None


@virtual
async def test_what_was_open_before_the_other_target_came_is_called() -> None:
    world, context = await swept(TWIN)
    await somebody_joins(context)
    both = of(world, *BOTH)
    await sweep(both)

    await drain(both, Wake(target="TWIN"))

    assert [call.users for call in world.directory.calls] == [(JOINER,)]
    assert {found.target for found in await discovered.load_all(world.store)} == {TOTAL, "TWIN"}
