"""A leaver who keeps another assignment, and from whom a cycle has nothing to take: a direct
assignment is no membership in the app, and a job that provisions no groups gives none."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, Action, State
from hasten.domain.outcomes import MEMBERSHIP_UNPROVEN
from hasten.domain.planning import GrantsBy
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records import discovered
from tests.support.verifying import WAKE, ran, told
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user


async def keeping(group: str, *, has_groups: bool) -> World:
    """Somebody who has left, and is in another assigned group."""
    world = World()
    await world.is_discovered()
    if not has_groups:
        world.target = world.target.model_copy(update={"grants_by": GrantsBy.USER})
        known = await discovered.load(world.store, TOTAL)
        assert known is not None
        await discovered.save(world.store, replace(known, group_rule=None), over=known)
    ran(world)
    world.directory.join(ADMIN, user(1))
    await world.ledger.record([found(group, user(1), Action.REMOVED, 1)])
    for _ in range(2):
        await drain(world.context, WAKE)
        await asyncio.sleep(ASSIGNMENT_COUNTS_WITHIN.total_seconds())
    return world


@pytest.mark.parametrize(
    ("group", "has_groups", "is_told"),
    [
        (DIRECT, True, False),
        (DIRECT, False, False),
        (ENGINEERING, False, False),
        (ENGINEERING, True, True),
    ],
)
def test_nobody_is_asked_to_look_for_a_membership_that_the_app_never_had(
    group: str, *, has_groups: bool, is_told: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await keeping(group, has_groups=has_groups)
        before = await world.row(group, user(1))
        assert (before.state, before.keeps_assignment) == (State.LEFT_TO_CYCLE, True)
        said = told(world)

        for _ in range(3):
            await asyncio.sleep(timedelta(hours=1).total_seconds())
            ran(world)
            await verify(world.context)

        after = await world.row(group, user(1))
        assert (after.state, after.needs_proof) == (State.LEFT_TO_CYCLE, False)
        assert (MEMBERSHIP_UNPROVEN in told(world)) is is_told
        assert (told(world) == said) is not is_told
        assert (after.reason == before.reason) is not is_told

    run()


@virtual
async def test_nothing_is_overdue_while_the_job_is_paused() -> None:
    world = await keeping(DIRECT, has_groups=True)
    said = told(world)

    for _ in range(5):
        await asyncio.sleep(timedelta(hours=1).total_seconds())
        await verify(world.context)

    after = await world.row(DIRECT, user(1))
    assert (after.state, after.needs_proof, told(world)) == (State.LEFT_TO_CYCLE, False, said)
