"""A target that a sweep has found, and that gets another name in targets.yaml."""

import asyncio
from collections.abc import Callable

from hasten.context import Context
from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import Action, Change
from hasten.targets import Target
from hasten.watch.compare_people import compare_people
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.tenant import SERVICE_PRINCIPAL
from tests.support.crashing import CrashingStore
from tests.support.looking import a_look
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

OLD = Target(name=TOTAL, display_name=TOTAL)
NEW = Target(name="NEW", display_name=TOTAL)
NEWER = Target(name="NEWER", display_name=TOTAL)
MISTAKEN = Target(name="NEW", display_name="no such app")
MEMBER, JOINER, DIRECTLY, ASSIGNED = user(1), user(2), user(3), user(4)
MANY = [user(number) for number in range(100, 140)]

Happens = Callable[[World], None]


def of(world: World, *targets: Target) -> Context:
    return Context(world.context.settings, targets, world)


async def known(store: CrashingStore | None = None) -> World:
    world = World(store=store or CrashingStore())
    world.directory.groups = [ENGINEERING]
    world.directory.join(ENGINEERING, MEMBER)
    for one in (JOINER, DIRECTLY, ASSIGNED):
        world.directory.has_user(one)
    world.directory.grant(ASSIGNED, kind="User")
    await sweep(of(world, OLD))
    await compare_people(of(world, OLD))
    return world


async def many_join(world: World, target: Target) -> None:
    """So many people are in a group that the brake counts who leaves it."""
    world.directory.join(ENGINEERING, *MANY)
    await look(of(world, target), a_look())
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())


async def some_leave(world: World, target: Target, *users: str) -> None:
    world.directory.leave(ENGINEERING, *users)
    await look(of(world, target), a_look())


async def leavers(world: World) -> list[Change]:
    return [row for row in await world.ledger.open_changes(NEW.name) if row.is_removal]


async def rows(world: World, *names: str) -> list[tuple[str, str, str, Action]]:
    changes = [row for name in names for row in await world.ledger.open_changes(name)]
    return sorted((row.target, row.group, row.user, row.action) for row in changes)


def a_group_is_unassigned(world: World) -> None:
    world.directory.groups = []


def a_group_is_assigned(world: World) -> None:
    world.directory.join(ADMIN, JOINER)
    world.directory.grant(ADMIN, kind="Group")


def somebody_is_assigned(world: World) -> None:
    world.directory.grant(DIRECTLY, kind="User")


def somebody_is_unassigned(world: World) -> None:
    given = world.directory.granted[SERVICE_PRINCIPAL]
    world.directory.granted[SERVICE_PRINCIPAL] = [a for a in given if a.principal != ASSIGNED]
