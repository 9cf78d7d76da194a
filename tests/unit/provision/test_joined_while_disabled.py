"""Somebody joins while the account is still disabled, and is enabled before Hasten has read it: no
look can see that anything changed. The timer `verify` reads who waits for the cycle."""

import asyncio

from hasten.domain.changes import State
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.provision.within_reach import CAN_BE_GIVEN, PEOPLE_PER_RUN
from tests.support.account_rows import world_of
from tests.support.people import Watched
from tests.support.verifying import disabled_answer, ran
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, user

JOINER, LEAVER = user(1), user(2)


async def joined(*people: str) -> Watched:
    """Entra answers that they are disabled, after a cycle that came before they joined."""
    world = await world_of(*people, LEAVER)
    ran(world)
    await asyncio.sleep(60)
    world.directory.answers = lambda _: disabled_answer(active=None)
    await world.joined(ENGINEERING, *people)
    for person in people:
        world.directory.disable(person)
    await drain(world.context, Wake(target=TOTAL))
    for person in people:
        assert (await world.row(ENGINEERING, person)).state is State.LEFT_TO_CYCLE
    return world


async def works(world: Watched, minutes: int) -> None:
    for _ in range(minutes):
        await verify(world.context)
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)


@virtual
async def test_who_is_enabled_unseen_gets_the_access_before_the_cycle() -> None:
    world = await joined(JOINER)
    world.directory.answers = None
    world.directory.enable(JOINER)
    before = len(world.directory.calls)

    await works(world, 20)

    assert (await world.row(ENGINEERING, JOINER)).state is State.SUCCEEDED
    assert len(world.directory.calls) == before + 1


@virtual
async def test_who_stays_disabled_is_left_to_the_cycle() -> None:
    world = await joined(JOINER)
    before = len(world.directory.calls)

    await works(world, 30)

    assert (await world.row(ENGINEERING, JOINER)).state is State.LEFT_TO_CYCLE
    assert len(world.directory.calls) == before


@virtual
async def test_whom_entra_goes_on_skipping_is_not_called_for_ever() -> None:
    world = await joined(JOINER)
    world.directory.enable(JOINER)

    await works(world, 120)
    called = len(world.directory.calls)
    await works(world, 120)

    assert len(world.directory.calls) == called


@virtual
async def test_a_grant_that_a_cycle_has_covered_is_not_called() -> None:
    world = await joined(JOINER)
    world.directory.enable(JOINER)
    await asyncio.sleep(900)
    ran(world)
    before = len(world.directory.calls)

    await works(world, 15)

    assert len(world.directory.calls) == before


@virtual
async def test_a_leaver_is_read_before_many_joiners() -> None:
    joiners = [user(number) for number in range(100, 100 + 3 * PEOPLE_PER_RUN)]
    world = await joined(*joiners)
    await world.left(ENGINEERING, LEAVER)
    world.directory.disable(LEAVER)
    await drain(world.context, Wake(target=TOTAL))
    for person in (*joiners, LEAVER):
        world.directory.enable(person)
    await asyncio.sleep(1200)

    await verify(world.context)

    opened = await world.ledger.open_changes(TOTAL)
    assert len(opened) == PEOPLE_PER_RUN
    assert {row.user for row in opened if row.is_removal} == {LEAVER}
    assert {row.reason for row in opened if not row.is_removal} == {CAN_BE_GIVEN}
