"""A host that is killed at any step of an ensure: the next run ends it, and does nothing twice."""

import asyncio
from collections import Counter

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.domain.intents import Wanted
from hasten.messages import Wake
from hasten.provision.drain import drain
from tests.support.crashing import CrashingBus, CrashingDirectory, CrashingStore, Fuse, Killed
from tests.support.ensuring import Onboarding
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

STEPS = 58
"""More than the story below takes."""

NAME = "TOTAL - Design"


class Crashing(Onboarding):
    def __init__(self) -> None:
        self.disk, self.line = CrashingStore(), CrashingBus()
        self.tenant = CrashingDirectory(groups=[ENGINEERING, ADMIN])
        super().__init__(store=self.disk, bus=self.line, directory=self.tenant)

    def light(self, fuse: Fuse) -> None:
        self.disk.fuse = self.line.fuse = self.tenant.fuse = fuse


async def story(fuse: Fuse) -> Crashing:
    """A group is made for two joiners and one nobody knows; one leaves, one is assigned alone."""
    world = Crashing()
    await world.is_discovered()
    for number in range(1, 6):
        world.directory.has_user(user(number))
    world.directory.join(ENGINEERING, user(3))
    await world.wants("", user(1), user(2), user(9), name=NAME, description="Designers")
    await world.wants("", wanted=Wanted.GROUP, name=NAME, age=3)
    await world.wants(ENGINEERING, user(3), user(5), wanted=Wanted.ABSENT)
    await world.wants(DIRECT, user(4))
    world.light(fuse)
    return world


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(STEPS))
@virtual
async def test_a_run_that_is_killed_at_any_step_is_ended_by_the_next(
    step: int,
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    world = await story(fuse := Fuse(step, after=after))
    try:
        await world.ensures()
    except Killed:
        await asyncio.sleep(200)  # what was made shows by now
    world.light(Fuse(-1, after=False))

    await world.ensures_until_done()

    [made] = await world.directory.groups_named(NAME)
    group = str(made["id"])
    assert await world.members(group) == {user(1), user(2)}
    assert await world.members(ENGINEERING) == set()
    assert len(world.given(group)) == len(world.given(user(4))) == 1
    rows = {(c.group, c.user): c.action for c in await world.ledger.open_changes(TOTAL)}
    expected = {
        (group, user(1)): Action.ADDED,
        (group, user(2)): Action.ADDED,
        (ENGINEERING, user(3)): Action.REMOVED,
        (DIRECT, user(4)): Action.ADDED,
    }
    assert expected.items() <= rows.items()
    assert all(number == 1 for number in Counter(world.tenant.done).values())
    told = Counter(world.told())
    assert told[user(9), "rejected"] == 1
    assert told["", "succeeded"] == 1
    assert fuse.steps < STEPS
    await drain(world.context, Wake(target=TOTAL))
    called = Counter(of for call in world.directory.calls for of in call.users)
    assert all(called[of] == 1 for of in (user(1), user(2), user(3), user(4)))
