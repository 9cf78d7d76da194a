"""A target gets another name again, or its first name back, before a sweep has succeeded."""

from contextlib import suppress

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, Fuse, Killed
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
    store.fuse = Fuse(step, after=False)

    with suppress(Killed):
        await sweep(of(world, NEW))
    store.fuse = Fuse(-1, after=False)
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
    store.fuse = Fuse(step, after=False)

    with suppress(Killed):
        await sweep(of(world, NEW))
    store.fuse = Fuse(-1, after=False)
    await sweep(of(world, NEWER))

    removal = ("NEWER", ENGINEERING, MEMBER, Action.REMOVED)
    assert await rows(world, TOTAL, "NEW", "NEWER") == [removal]
