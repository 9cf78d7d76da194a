"""A group is unassigned from one of two targets and assigned again, and the sweep that noticed it
has died. The looks of the other target see who leaves the group meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from hasten.context import Context
from hasten.domain.changes import Action, State
from hasten.domain.row_states import finished
from hasten.ports.directory_values import Assignment
from hasten.records import discovered
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, killed_at
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

FIRST = Target(name=TOTAL, display_name=TOTAL)
WIKI = Target(name="WIKI", display_name="WIKI")
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
GRANT = Assignment(id="1", principal=ENGINEERING, kind="Group", role="r", created=None)
AGAIN = Assignment(id="2", principal=ENGINEERING, kind="Group", role="r", created=None)
LEAVER, STAYS = user(40), user(41)
SINCE_BEFORE = user(5)
MINUTE = 60.0
LONG = 60 * MINUTE


def of(world: World, wiki: Target = WIKI) -> Context:
    return Context(world.context.settings, (FIRST, wiki), world)


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
        await end_all(world, target)
    await asyncio.sleep(LONG)
    return world, store


async def end_all(world: World, target: Target) -> None:
    rows = await world.ledger.open_changes(target.name)
    await world.ledger.move(rows, partial(finished, state=State.CONFIRMED, now=now()))
    await world.context.outbox.flush(target.name)


async def unassigned(world: World, store: CrashingStore, wiki: Target = WIKI) -> None:
    """The sweep that notices it dies when it has saved that, before it records anything."""
    world.directory.granted[WIKI_APP].clear()
    with killed_at(1, store):
        await sweep(of(world, wiki))
    assert await world.ledger.open_changes(WIKI.name) == []
    [found] = [one for one in await discovered.load_all(store) if one.target == WIKI.name]
    assert not found.watches(ENGINEERING)


async def sweeps(world: World, minutes: int, wiki: Target = WIKI) -> None:
    for _ in range(minutes):
        await asyncio.sleep(MINUTE)
        await sweep(of(world, wiki))


async def of_wiki(world: World, *users: str) -> Sequence[Action | None]:
    rows = [await world.ledger.find(WIKI.name, ENGINEERING, name) for name in users]
    return [row.action if row else None for row in rows]


@pytest.mark.parametrize("minutes_until_assigned", [0, 4])
@pytest.mark.parametrize("step", [*range(8), 99])
@pytest.mark.parametrize("leaver", [LEAVER, SINCE_BEFORE], ids=["joined", "since before"])
@virtual
async def test_who_leaves_meanwhile_is_found_wherever_the_sweep_dies(
    leaver: str, step: int, minutes_until_assigned: int
) -> None:
    world, store = await watched()
    world.directory.granted[WIKI_APP].clear()
    with killed_at(step, store, after=True):
        await sweep(of(world))
    world.directory.leave(ENGINEERING, leaver)
    await look(of(world), a_look())

    await asyncio.sleep(minutes_until_assigned * MINUTE)
    world.directory.granted[WIKI_APP].append(AGAIN)
    await sweeps(world, 4)

    assert await of_wiki(world, leaver, STAYS) == [Action.REMOVED, Action.ADDED]


@pytest.mark.parametrize("most_new_members", [5, 100], ids=["large", "small"])
@pytest.mark.parametrize("other_is_unassigned", [False, True])
@virtual
async def test_who_leaves_long_before_the_next_sweep_is_found(
    most_new_members: int,
    *,
    other_is_unassigned: bool,
) -> None:
    """Nothing says any more that they left when a sweep finds the group assigned again."""
    wiki = WIKI.model_copy(update={"most_new_members": most_new_members})
    world, store = await watched()
    await unassigned(world, store, wiki)
    world.directory.leave(ENGINEERING, LEAVER, SINCE_BEFORE)
    await look(of(world, wiki), a_look())
    await end_all(world, FIRST)
    if other_is_unassigned:
        world.directory.groups = []
    await asyncio.sleep(LONG)

    world.directory.granted[WIKI_APP].append(AGAIN)
    await sweeps(world, 4, wiki)

    assert await of_wiki(world, LEAVER, SINCE_BEFORE) == [Action.REMOVED] * 2


@virtual
async def test_who_leaves_while_the_target_is_out_of_targets_yaml_too_is_found() -> None:
    world, store = await watched()
    await unassigned(world, store)
    alone = Context(world.context.settings, (FIRST,), world)
    await sweep(alone)
    world.directory.leave(ENGINEERING, LEAVER)
    await look(alone, a_look())
    await end_all(world, FIRST)
    await asyncio.sleep(LONG / 2)

    world.directory.granted[WIKI_APP].append(AGAIN)
    await sweeps(world, 4)

    assert await of_wiki(world, LEAVER, STAYS) == [Action.REMOVED, Action.ADDED]


@virtual
async def test_who_leaves_is_found_at_once_if_other_targets_only_mirror_the_group() -> None:
    world, store = await watched()
    await unassigned(world, store)
    [first] = [one for one in await discovered.load_all(store) if one.target == TOTAL]
    mirrors = replace(first, groups=(), sources=(ENGINEERING,))
    await discovered.save(store, mirrors, over=first)
    world.directory.leave(ENGINEERING, LEAVER)

    await look(of(world), a_look())

    assert await of_wiki(world, LEAVER) == [Action.REMOVED]


@virtual
async def test_who_had_left_once_before_and_has_come_back_unseen_is_found_at_once() -> None:
    """Hasten records no joiner of a large group that is assigned again, so that the removal of the
    first time stays."""
    wiki = WIKI.model_copy(update={"most_new_members": 5})
    world, store = await watched()
    world.directory.granted[WIKI_APP].clear()
    await sweeps(world, 6, wiki)
    await end_all(world, WIKI)
    world.directory.granted[WIKI_APP].append(AGAIN)
    await sweeps(world, 6, wiki)
    await unassigned(world, store, wiki)
    world.directory.leave(ENGINEERING, LEAVER)

    await look(of(world, wiki), a_look())

    assert [row.user for row in await world.ledger.open_changes(WIKI.name)] == [LEAVER]


@virtual
async def test_who_joins_a_group_that_was_unassigned_gets_no_access_by_it() -> None:
    world, store = await watched()
    await unassigned(world, store)
    world.directory.join(ENGINEERING, user(50))

    await look(of(world), a_look())

    assert await of_wiki(world, user(50)) == [None]


@virtual
async def test_a_removal_that_the_sweep_has_recorded_is_not_called_once_more() -> None:
    world, _ = await watched()
    world.directory.granted[WIKI_APP].clear()
    await sweep(of(world))
    await end_all(world, WIKI)

    for leaver in (LEAVER, STAYS):
        world.directory.leave(ENGINEERING, leaver)
        await look(of(world), a_look())

    assert await of_wiki(world, LEAVER, STAYS) == [Action.REMOVED] * 2
    assert await world.ledger.open_changes(WIKI.name) == []
