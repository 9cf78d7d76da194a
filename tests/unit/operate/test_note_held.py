"""The history of a person says that the brake holds their change, once."""

import asyncio

from hasten.domain.changes import Cause
from hasten.domain.history import EntryKind, Filter
from hasten.domain.intents import Intent, Wanted
from hasten.operate.decide import HeldAction
from hasten.timers import run
from tests.support.history import history
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user
from tests.unit.operate.test_decide import ALICE, LEAVERS, decided, with_leavers


async def said(world: World, person: str) -> list[tuple[str, str]]:
    page = await history(world).newest(20, matches=Filter(user=person))
    return [(entry.kind, entry.result) for entry in reversed(page.entries)]


@virtual
async def test_each_held_person_is_noted_once_by_whatever_process() -> None:
    world = await with_leavers(two=False)
    await world.is_discovered()

    for _ in range(3):
        await run(world.context, "wake")
        await asyncio.sleep(60)

    for person in LEAVERS:
        assert await said(world, person) == [(EntryKind.HELD, "brake")]


@virtual
async def test_a_person_whose_event_is_held_before_any_write_is_noted_once() -> None:
    world = await with_leavers(two=False)
    await world.is_discovered()
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(77),
        wanted=Wanted.ABSENT,
        time=world.now(),
        cause=Cause("/hr", "bulk-1"),
        recorded_at=world.now(),
        held="one event removes 40 people, more than brake_target_removals allows",
    )
    await world.context.intents.record([intent])

    for _ in range(2):
        await run(world.context, "wake")
        await asyncio.sleep(60)

    [entry] = (await history(world).newest(20, matches=Filter(user=user(77)))).entries
    assert (entry.kind, entry.result, entry.action) == (EntryKind.HELD, "brake", "removed")
    assert entry.reason == intent.held
    assert entry.causes == (intent.cause,)


@virtual
async def test_the_reason_of_the_brake_and_the_decision_follow_each_other() -> None:
    world = await with_leavers(two=False)
    await world.is_discovered()
    await run(world.context, "wake")
    await asyncio.sleep(60)
    await decided(world, ALICE, LEAVERS[0], decision=HeldAction.DISCARD)

    held, *later = reversed(
        (await history(world).newest(20, matches=Filter(user=LEAVERS[0]))).entries
    )

    assert held.reason == "12 of 12 members left within minutes"
    assert {entry.kind for entry in later} == {EntryKind.DISCARDED, EntryKind.OUTCOME}
