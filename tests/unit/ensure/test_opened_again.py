"""An intent that Hasten opens again after its change was recorded: the brake does not hold it once
more, and it lets nobody go whom the brake holds meanwhile."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import FoundBy, HeldBy, State
from hasten.domain.intents import RECORDED, Wanted, key
from hasten.ensure.run import ensure
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Look
from hasten.operate.release_intents import held_intents, release_intents
from hasten.watch.look import look, start_watching
from hasten.watch.look_messages import LOOK_BUCKET
from tests.support.ensuring import RUN, Onboarding
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

PEOPLE = [user(n) for n in range(100)]
OFFBOARDED = PEOPLE[:3]


async def offboarded(*, released: bool = False) -> Onboarding:
    """Three of a hundred have left because of an event, and their rows are recorded. The brake may
    have held them, until an operator released them."""
    world = Onboarding()
    await world.is_discovered()
    for name in PEOPLE:
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *PEOPLE)
    await start_watching(world.context, ENGINEERING)
    intents = await world.wants(ENGINEERING, *OFFBOARDED, wanted=Wanted.ABSENT)
    if released:
        held = await world.intents.update(intents, lambda one: replace(one, held="too many"))
        await release_intents(world.context, TOTAL, held)
    await ensure(world.context, RUN)
    await looks(world)
    return world


async def looks(world: Onboarding) -> None:
    await asyncio.sleep(LOOK_BUCKET.total_seconds())
    asked = Look(group=ENGINEERING, noticed_at=now() - LOOK_BUCKET, found_by=FoundBy.NOTIFICATION)
    await look(world.context, asked)


async def opens_again(world: Onboarding) -> None:
    """A worker may have written the memberships once more, and nobody knows."""
    keys = [key(ENGINEERING, name) for name in OFFBOARDED]
    await world.intents.reopen(TOTAL, keys, now())
    await ensure(world.context, RUN)


@pytest.mark.parametrize("released", [False, True])
@pytest.mark.parametrize("times", [1, 2])
def test_it_lets_nobody_go_whom_the_brake_holds_meanwhile(times: int, *, released: bool) -> None:
    @virtual
    async def run() -> None:
        world = await offboarded(released=released)
        world.directory.join(ENGINEERING, *OFFBOARDED)
        await looks(world)
        world.directory.leave(ENGINEERING, *PEOPLE[:60])
        await looks(world)

        for _ in range(times):
            await opens_again(world)
            await looks(world)

        rows = await world.ledger.open_changes(TOTAL)
        assert len(rows) == 60
        assert {(row.state, row.held_by) for row in rows} == {(State.HELD, HeldBy.BRAKE)}
        assert not any(row.released for row in rows)

    run()


@pytest.mark.parametrize("released", [False, True])
@virtual
async def test_the_brake_does_not_hold_it_again(released: bool) -> None:  # noqa: FBT001
    world = await offboarded(released=released)
    world.directory.leave(ENGINEERING, *PEOPLE[10:60])
    await looks(world)
    world.directory.join(ENGINEERING, *OFFBOARDED)

    await opens_again(world)

    assert await held_intents(world.context, TOTAL, groups=(), users=()) == []
    assert not await world.members(ENGINEERING) & set(OFFBOARDED)
    found = [await world.intents.find(TOTAL, ENGINEERING, name) for name in OFFBOARDED]
    assert {(one.outcome, one.judged) for one in found if one} == {(RECORDED, False)}


@virtual
async def test_it_takes_nobody_out_of_the_group_whose_row_the_brake_held_when_it_was_recorded() -> (
    None
):
    """A write without an answer, for an older event, has brought them back meanwhile."""
    world = Onboarding()
    await world.is_discovered()
    for name in PEOPLE:
        world.directory.has_user(name)
    world.directory.join(ENGINEERING, *PEOPLE)
    await start_watching(world.context, ENGINEERING)
    world.directory.leave(ENGINEERING, *PEOPLE[:60])
    await looks(world)
    await world.wants(ENGINEERING, *OFFBOARDED, wanted=Wanted.ABSENT)
    for _ in range(2):
        await ensure(world.context, RUN)
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    assert await world.intents.open_intents(TOTAL) == []
    world.directory.join(ENGINEERING, *OFFBOARDED)

    await opens_again(world)

    assert await world.members(ENGINEERING) >= set(OFFBOARDED)
    held = await held_intents(world.context, TOTAL, groups=(), users=())
    assert {intent.user for intent in held} == set(OFFBOARDED)
