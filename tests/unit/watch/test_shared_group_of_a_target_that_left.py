"""A target that leaves targets.yaml and comes back, or that only the newer one of two processes
knows. Meanwhile the looks of another target move the cursor of a group that both watch."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from hasten.context import Context
from hasten.domain.changes import Action, HeldBy, State
from hasten.domain.row_states import finished
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory_values import Assignment
from hasten.targets import Target
from hasten.watch.elsewhere import NOTED_WITHIN
from hasten.watch.hand_over import LEFT_LATELY
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.memory_store import MemoryStore
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.looking import a_look
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

FIRST = Target(name=TOTAL, display_name=TOTAL)
WIKI = Target(name="WIKI", display_name="WIKI")
RENAMED = Target(name="NEW", display_name="WIKI")
WIKI_APP = "0000aaaa-0000-4000-8000-00000000abcd"
OTHER_APP = "0000aaaa-0000-4000-8000-00000000beef"
MEMBER, JOINER = user(1), user(40)

Happens = Callable[[World], None]


def of(world: World, *targets: Target) -> Context:
    return Context(world.context.settings, targets, world)


async def swept(store: MemoryStore | None = None) -> World:
    """Both targets are known, and 30 people are in the group."""
    world = World(store=store or MemoryStore())
    world.directory.groups = [ENGINEERING]
    world.directory.principals.append({"id": WIKI_APP, "displayName": "WIKI"})
    grant = Assignment(id="1", principal=ENGINEERING, kind="Group", role="r", created=None)
    world.directory.granted[WIKI_APP].append(grant)
    world.directory.join(ENGINEERING, *(user(number) for number in range(30)))
    world.directory.has_user(JOINER)
    await sweep(of(world, FIRST, WIKI))
    return world


async def away(world: World, *happens: Happens, back: Target = WIKI) -> None:
    """A process that does not know WIKI sweeps and looks, then one that does sweeps."""
    await sweep(of(world, FIRST))
    for one in happens:
        one(world)
        await look(of(world, FIRST), a_look())
    await sweep(of(world, FIRST, back))


async def rows(world: World, target: str = "WIKI") -> Sequence[tuple[str, Action]]:
    return [(row.user, row.action) for row in await world.ledger.open_changes(target)]


def leaves(world: World) -> None:
    world.directory.leave(ENGINEERING, MEMBER)


def joins(world: World) -> None:
    world.directory.join(ENGINEERING, JOINER)


def comes_back(world: World) -> None:
    world.directory.join(ENGINEERING, MEMBER)


@pytest.mark.parametrize("back", [WIKI, RENAMED], ids=["put back", "renamed"])
@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        ([leaves], [(MEMBER, Action.REMOVED)]),
        ([joins], [(JOINER, Action.ADDED)]),
        ([leaves, joins], [(JOINER, Action.ADDED), (MEMBER, Action.REMOVED)]),
        ([leaves, comes_back], [(MEMBER, Action.ADDED)]),
        ([], []),
    ],
)
@virtual
async def test_who_joined_and_left_meanwhile_is_found(
    happens: Sequence[Happens], expected: Sequence[tuple[str, Action]], back: Target
) -> None:
    world = await swept()

    await away(world, *happens, back=back)

    assert sorted(await rows(world, back.name)) == sorted(expected)


@pytest.mark.parametrize("back", [WIKI, RENAMED], ids=["put back", "renamed"])
@virtual
async def test_who_left_a_group_that_is_unassigned_meanwhile_is_found(back: Target) -> None:
    world = await swept()
    await sweep(of(world, FIRST))
    leaves(world)
    joins(world)
    await look(of(world, FIRST), a_look())
    found = await world.ledger.open_changes(TOTAL)
    await world.ledger.move(found, lambda seen: finished(seen, State.CONFIRMED, now=now()))
    await world.context.outbox.flush(TOTAL)
    await asyncio.sleep((LEFT_LATELY / 2).total_seconds())
    world.directory.granted[WIKI_APP].clear()

    await sweep(of(world, FIRST, back))

    removed = {user for user, action in await rows(world, back.name) if action is Action.REMOVED}
    assert removed == {JOINER, *(user(number) for number in range(30))}


@virtual
async def test_who_left_while_no_target_had_the_group_is_found() -> None:
    """The other one has just lost it: a look for it must not move the cursor."""
    world = await swept()
    await sweep(of(world, FIRST))
    world.directory.groups = []
    await sweep(of(world, FIRST))
    leaves(world)
    await look(of(world, FIRST), a_look())

    await sweep(of(world, FIRST, WIKI))
    await look(of(world, FIRST, WIKI), a_look())

    assert await rows(world) == [(MEMBER, Action.REMOVED)]


@virtual
async def test_who_left_a_group_that_the_other_target_has_lost_since_is_found() -> None:
    world = await swept()
    await sweep(of(world, FIRST))
    leaves(world)
    await look(of(world, FIRST), a_look())
    world.directory.groups = []
    await sweep(of(world, FIRST))

    await sweep(of(world, FIRST, WIKI))

    assert await rows(world) == [(MEMBER, Action.REMOVED)]


@virtual
async def test_a_change_that_the_other_target_has_ended_is_found() -> None:
    world = await swept()
    await sweep(of(world, FIRST))
    leaves(world)
    await look(of(world, FIRST), a_look())
    [row] = await world.ledger.open_changes(TOTAL)
    await world.ledger.move([row], lambda seen: finished(seen, State.CONFIRMED, now=now()))
    await world.context.outbox.flush(TOTAL)

    await sweep(of(world, FIRST, WIKI))

    assert await rows(world) == [(MEMBER, Action.REMOVED)]


@pytest.mark.parametrize("back", [WIKI, RENAMED], ids=["put back", "renamed"])
@virtual
async def test_a_change_that_a_look_finds_minutes_before_a_sweep_notes_who_left_is_found(
    back: Target,
) -> None:
    """The look comes again until then, and its row has ended meanwhile."""
    world = await swept()
    leaves(world)
    with suppress(TemporaryError):
        await look(of(world, FIRST), a_look())
    [row] = await world.ledger.open_changes(TOTAL)
    await world.ledger.move([row], lambda seen: finished(seen, State.CONFIRMED, now=now()))
    await world.context.outbox.flush(TOTAL)
    await asyncio.sleep((NOTED_WITHIN - timedelta(minutes=1)).total_seconds())
    await sweep(of(world, FIRST))
    await look(of(world, FIRST), a_look())

    await sweep(of(world, FIRST, back))

    assert await rows(world, back.name) == [(MEMBER, Action.REMOVED)]


@virtual
async def test_what_the_target_itself_found_before_is_not_called_again() -> None:
    world = await swept()
    leaves(world)
    await look(of(world, FIRST, WIKI), a_look())
    [row] = await world.ledger.open_changes("WIKI")
    await world.ledger.move([row], lambda seen: finished(seen, State.CONFIRMED, now=now()))

    await away(world)

    assert await rows(world) == []


@virtual
async def test_an_assignment_to_the_other_target_is_none_of_this_one() -> None:
    world = await swept()
    await sweep(of(world, FIRST))
    world.directory.groups = []
    await sweep(of(world, FIRST))
    assert len(await rows(world, TOTAL)) == 30
    world.directory.groups = [ENGINEERING]
    await sweep(of(world, FIRST))

    await sweep(of(world, FIRST, WIKI))

    assert await rows(world) == []


@virtual
async def test_what_several_targets_have_found_is_found_once() -> None:
    world = await swept()
    other = Target(name="OTHER", display_name="OTHER")
    world.directory.principals.append({"id": OTHER_APP, "displayName": "OTHER"})
    grant = Assignment(id="2", principal=ENGINEERING, kind="Group", role="r", created=None)
    world.directory.granted[OTHER_APP].append(grant)
    await sweep(of(world, FIRST, other))
    for happens in (leaves, joins, comes_back):
        happens(world)
        await look(of(world, FIRST, other), a_look())

    await sweep(of(world, FIRST, other, WIKI))

    assert sorted(await rows(world)) == [(MEMBER, Action.ADDED), (JOINER, Action.ADDED)]


@virtual
async def test_what_another_target_of_the_same_job_has_found_is_called_once() -> None:
    world = await swept()
    twin = Target(name="TWIN", service_principal_id=UUID(WIKI_APP))
    await sweep(of(world, FIRST, WIKI, twin))
    await sweep(of(world, WIKI))
    leaves(world)
    await look(of(world, WIKI), a_look())

    with suppress(PermanentError):
        await sweep(of(world, WIKI, twin))

    assert await rows(world, "TWIN") == []


@virtual
async def test_many_who_left_meanwhile_are_held() -> None:
    def many_leave(world: World) -> None:
        world.directory.leave(ENGINEERING, *(user(number) for number in range(15)))

    world = await swept()

    await away(world, many_leave)

    held = await world.ledger.open_changes("WIKI")
    assert {(row.state, row.held_by) for row in held} == {(State.HELD, HeldBy.BRAKE)}
    assert len(held) == 15


@virtual
async def test_what_happened_long_ago_is_left_to_the_cycles_since() -> None:
    world = await swept()
    await sweep(of(world, FIRST))
    leaves(world)
    await look(of(world, FIRST), a_look())
    await asyncio.sleep((LEFT_LATELY + timedelta(seconds=1)).total_seconds())

    await sweep(of(world, FIRST, WIKI))

    assert await rows(world) == []


@pytest.mark.parametrize("back", [WIKI, RENAMED], ids=["put back", "renamed"])
@pytest.mark.parametrize("step", [*range(1, 6), 7, 10, 13])
@virtual
async def test_a_crash_of_the_sweep_that_finds_the_target_again_loses_nothing(
    step: int, back: Target
) -> None:
    store = CrashingStore()
    world = await swept(store)
    await sweep(of(world, FIRST))
    leaves(world)
    await look(of(world, FIRST), a_look())
    store.fuse = Fuse(step, after=False)
    with suppress(Killed, PermanentError):
        await sweep(of(world, FIRST, back))
    store.fuse = Fuse(-1, after=False)

    await sweep(of(world, FIRST, back))

    assert await rows(world, back.name) == [(MEMBER, Action.REMOVED)]
