"""A target gets another name again, or its first name back, before a sweep has succeeded."""

import asyncio
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.errors import Conflict
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.crashing import CrashingStore, killed_at
from tests.support.renaming import (
    ASSIGNED,
    DIRECTLY,
    MEMBER,
    NEW,
    NEWER,
    OLD,
    Happens,
    a_group_is_unassigned,
    known,
    of,
    rows,
    somebody_is_assigned,
    somebody_is_unassigned,
)
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL

HAPPENS: dict[Happens, tuple[str, Action]] = {
    somebody_is_assigned: (DIRECTLY, Action.ADDED),
    somebody_is_unassigned: (ASSIGNED, Action.REMOVED),
}


@pytest.mark.parametrize("happens", HAPPENS)
@pytest.mark.parametrize("last", [NEWER, OLD], ids=lambda target: target.name)
@pytest.mark.parametrize("step", range(16))
@virtual
async def test_nothing_is_left_under_a_name_whose_first_sweep_has_only_begun(
    step: int, last: Target, happens: Happens
) -> None:
    store = CrashingStore()
    world = await known(store)
    happens(world)
    with killed_at(step, store):
        await sweep(of(world, NEW))
    for _ in range(2):
        await sweep(of(world, last))

    user, action = HAPPENS[happens]
    assert await rows(world, TOTAL, "NEW", "NEWER") == [(last.name, DIRECT, user, action)]


@pytest.mark.parametrize("step", range(16))
@virtual
async def test_what_the_target_knew_counts_after_a_sweep_under_another_name_has_begun(
    step: int,
) -> None:
    store = CrashingStore()
    world = await known(store)
    a_group_is_unassigned(world)
    with killed_at(step, store):
        await sweep(of(world, NEW))
    await sweep(of(world, NEWER))

    removal = ("NEWER", ENGINEERING, MEMBER, Action.REMOVED)
    assert await rows(world, TOTAL, "NEW", "NEWER") == [removal]


@pytest.mark.parametrize("last", [NEW, NEWER, OLD], ids=lambda target: target.name)
@pytest.mark.parametrize("step", range(24))
@virtual
async def test_who_is_unassigned_after_a_sweep_under_another_name_has_died_is_a_leaver(
    step: int, last: Target
) -> None:
    store = CrashingStore()
    world = await known(store)
    a_group_is_unassigned(world)
    somebody_is_assigned(world)
    with killed_at(step, store):
        await sweep(of(world, NEW))
    world.directory.granted[SERVICE_PRINCIPAL].pop()

    for _ in range(2):
        await asyncio.sleep(200)
        await sweep(of(world, last))

    said = {(group, user): action for _, group, user, action in await rows(world, last.name)}
    assert said[ENGINEERING, MEMBER] is Action.REMOVED
    assert said.get((DIRECT, DIRECTLY)) in {None, Action.REMOVED}


@virtual
async def test_a_sweep_whose_target_gets_another_name_meanwhile_reports_no_error_of_it() -> None:
    world = await known()
    a_group_is_unassigned(world)
    read = world.directory.group

    async def slowly(group: str) -> Any:
        world.directory.group = read  # type: ignore[method-assign]
        await sweep(of(world, NEW))
        world.events.clear()
        return await read(group)

    world.directory.group = slowly  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        await sweep(of(world, OLD))

    assert "unhealthy" not in world.results("target")
    await sweep(of(world, NEW))
    removal = ("NEW", ENGINEERING, MEMBER, Action.REMOVED)
    assert await rows(world, TOTAL, "NEW") == [removal]
