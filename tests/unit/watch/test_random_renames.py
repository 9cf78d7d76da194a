"""Random renames of a target: the ledger under the last name says of everybody what is so."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from hasten.context import Context
from hasten.domain.changes import DIRECT, Action
from hasten.errors import Conflict, TemporaryError
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.looking import a_look
from tests.support.renaming import of
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

NAMES, GROUPS, PEOPLE = ("TOTAL", "NEW", "NEWER"), (ENGINEERING, ADMIN), [user(n) for n in range(4)]
STEPS, CRASHES, FIRST_WRITES, TAKEN_OUT = 12, 0.3, 12, 0.1
NOBODY = Target(name="OTHER", display_name="no such app")


def named(name: str) -> Target:
    return Target(name=name, display_name=TOTAL)


def has(world: World, place: str) -> set[str]:
    """Returns who is assigned to the app through the group, or directly."""
    assigned = {one.principal for one in world.directory.granted[SERVICE_PRINCIPAL]}
    if place == DIRECT:
        return assigned - {*GROUPS}
    if place not in assigned:
        return set()
    return {member.id for member in world.directory.members_now(place)}


def changes(world: World, random: Random) -> None:
    """Somebody joins or leaves a group, or a group or a person is assigned or unassigned."""
    directory, group, one = world.directory, random.choice(GROUPS), random.choice(PEOPLE)
    if random.random() < 0.5:
        is_member = one in {member.id for member in directory.members_now(group)}
        (directory.leave if is_member else directory.join)(group, one)
        return
    principal = random.choice([group, one])
    given = directory.granted[SERVICE_PRINCIPAL]
    if principal in {assignment.principal for assignment in given}:
        given[:] = [one for one in given if one.principal != principal]
    else:
        directory.grant(principal, kind="Group" if principal == group else "User")


async def work(contexts: Sequence[Context]) -> None:
    """Two processes sweep at once. Then the groups are looked at."""
    await asyncio.gather(*map(sweep, contexts))
    for group in GROUPS:
        await look(contexts[0], replace(a_look(), group=group))


async def renamed_at_random(random: Random) -> tuple[World, str, dict[str, set[str]]]:
    store = CrashingStore()
    world = World(store=store)
    world.directory.groups = []
    for one in PEOPLE:
        world.directory.has_user(one)
    for group in GROUPS:
        world.directory.join(group, *PEOPLE[:2])
        world.directory.grant(group, kind="Group")
    name = NAMES[0]
    await work([of(world, named(name))])
    first = {place: has(world, place) for place in (*GROUPS, DIRECT)}
    for _ in range(STEPS):
        await asyncio.sleep(random.choice([1, 60, 200]))
        changes(world, random)
        if random.random() < 0.5:
            name = random.choice(NAMES)
        if random.random() < CRASHES:
            store.fuse = Fuse(random.randrange(FIRST_WRITES), after=False)
        running = NOBODY if random.random() < TAKEN_OUT else named(name)
        with suppress(Killed, Conflict, TemporaryError):
            await work([of(world, running)] * random.choice([1, 2]))
        store.fuse = Fuse(-1, after=False)
    for _ in range(4):
        await asyncio.sleep(200)
        await work([of(world, named(name))])
    return world, name, first


def is_lost(before: bool, now: bool, said: Action | None) -> bool:  # noqa: FBT001 - private
    """Returns whether a change of somebody's access is lost. The drain reads the membership of a
    leaver, and gives a member the access again."""
    if now:
        return said is None and not before
    return said is Action.ADDED or (said is None and before)


@pytest.mark.parametrize("seed", range(12))
@virtual
async def test_the_rows_under_the_last_name_say_what_is_so(seed: int) -> None:
    world, name, first = await renamed_at_random(Random(seed))  # noqa: S311

    rows = await world.ledger.open_changes(name)
    said = {(row.group, row.user): row.action for row in rows}
    lost = [
        (place, one)
        for place, before in first.items()
        for one in PEOPLE
        if is_lost(one in before, one in has(world, place), said.get((place, one)))
    ]
    assert lost == []
