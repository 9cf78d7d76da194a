"""A group is unassigned from one of two targets and assigned again, and the sweep that noticed it
has died. The looks of the other target see who leaves the group meanwhile."""

import asyncio
from contextlib import suppress
from functools import partial

import pytest

from hasten.context import Context
from hasten.domain.changes import Action, State, finished
from hasten.ports.directory_values import Assignment
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

FIRST = Target(name=TOTAL, display_name=TOTAL)
WIKI = Target(name="WIKI", display_name="WIKI")
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
GRANT = Assignment(id="1", principal=ENGINEERING, kind="Group", role="r", created=None)
AGAIN = Assignment(id="2", principal=ENGINEERING, kind="Group", role="r", created=None)
LEAVER, STAYS = user(40), user(41)
MINUTE = 60.0
LONG = 60 * MINUTE


def of(world: World) -> Context:
    return Context(world.context.settings, (FIRST, WIKI), world)


async def watched() -> tuple[World, CrashingStore]:
    """Thirty people were members before the first sweep, and a look has found two since."""
    store = CrashingStore()
    world = World(store=store)
    world.directory.groups = [ENGINEERING]
    world.directory.principals.append({"id": WIKI_APP, "displayName": "WIKI"})
    world.directory.granted[WIKI_APP].append(GRANT)
    world.directory.join(ENGINEERING, *(user(number) for number in range(30)))
    await sweep(of(world))
    world.directory.join(ENGINEERING, LEAVER, STAYS)
    await look(of(world), a_look())
    for target in (FIRST, WIKI):
        rows = await world.ledger.open_changes(target.name)
        ended = partial(finished, state=State.CONFIRMED, now=now())
        await world.ledger.move(rows, ended)
    await asyncio.sleep(LONG)
    return world, store


async def sweeps(world: World, minutes: int) -> None:
    for _ in range(minutes):
        await asyncio.sleep(MINUTE)
        await sweep(of(world))


@pytest.mark.parametrize("minutes_until_assigned", [0, 4])
@pytest.mark.parametrize("step", [*range(8), 99])
@virtual
async def test_who_leaves_meanwhile_is_found_wherever_the_sweep_dies(
    step: int, minutes_until_assigned: int
) -> None:
    world, store = await watched()
    world.directory.granted[WIKI_APP].clear()
    store.fuse = Fuse(step, after=True)
    with suppress(Killed):
        await sweep(of(world))
    store.fuse = Fuse(-1, after=False)
    world.directory.leave(ENGINEERING, LEAVER)
    await look(of(world), a_look())

    await asyncio.sleep(minutes_until_assigned * MINUTE)
    world.directory.granted[WIKI_APP].append(AGAIN)
    await sweeps(world, 4)

    rows = [await world.ledger.find("WIKI", ENGINEERING, name) for name in (LEAVER, STAYS)]
    assert [row and row.action for row in rows] == [Action.REMOVED, Action.ADDED]
