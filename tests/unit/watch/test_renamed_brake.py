"""A target gets a new name in targets.yaml while its brake counts, or holds, people."""

import asyncio
from contextlib import suppress

import pytest

from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import Action, State
from hasten.operate.release import held_changes
from hasten.records.recent_removals import RecentRemovals
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.looking import a_look
from tests.support.renaming import MEMBER, NEW, OLD, known, of
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


@pytest.mark.parametrize("number", [9, 11], ids=["too many of both names", "too many of each"])
@virtual
async def test_whom_another_process_counts_late_under_the_old_name_the_brake_counts(
    number: int,
) -> None:
    world = await known()
    many = [user(number) for number in range(100, 140)]
    world.directory.join(ENGINEERING, *many)
    await sweep(of(world, NEW))
    await look(of(world, NEW), a_look())
    late = [found(ENGINEERING, one, Action.REMOVED, 10**15) for one in many[:9]]
    await RecentRemovals(world.store).count(TOTAL, {ENGINEERING: many[:9]}, now())
    await world.ledger.record(late)
    world.directory.leave(ENGINEERING, *many[9 : 9 + number])
    await look(of(world, NEW), a_look())

    await sweep(of(world, NEW))

    leavers = [row for row in await world.ledger.open_changes("NEW") if row.is_removal]
    assert {row.state for row in leavers} == {State.HELD}
    assert len(leavers) == 9 + number


@pytest.mark.parametrize("step", range(12, 24))
@virtual
async def test_nobody_whom_the_brake_holds_can_be_called_while_their_rows_move(step: int) -> None:
    store = CrashingStore()
    world = await known(store)
    many = [user(number) for number in range(100, 140)]
    world.directory.join(ENGINEERING, *many)
    await sweep(of(world, NEW))
    await look(of(world, NEW), a_look())
    for name, some in ((TOTAL, many[:9]), ("NEW", many[9:18])):
        await RecentRemovals(store).count(name, {ENGINEERING: some}, now())
    late = [found(ENGINEERING, one, Action.REMOVED, 10**15) for one in many[:9]]
    await world.ledger.record(late)
    store.fuse = Fuse(step, after=True)

    with suppress(Killed):
        await sweep(of(world, NEW))

    moved = [row for row in await world.ledger.open_changes("NEW") if row.is_removal]
    assert {row.state for row in moved} <= {State.HELD}


@virtual
async def test_the_brake_forgets_nobody_when_a_sweep_copies_once_more() -> None:
    world = await known()
    brake = RecentRemovals(world.store)
    some = [user(number) for number in range(500)]
    await brake.count(TOTAL, {ENGINEERING: some[:300]}, now())
    await brake.count("NEW", {ENGINEERING: some[200:]}, now())

    for _ in range(2):
        await brake.copy(TOTAL, "NEW")

    assert (await brake.count("NEW", {}, now())).groups[ENGINEERING] == len(some)


@virtual
async def test_the_advice_about_whom_the_brake_holds_names_the_target_as_it_is_called_now() -> None:
    world = await known()
    many = [user(number) for number in range(100, 120)]
    world.directory.join(ENGINEERING, *many)
    await look(of(world, OLD), a_look())
    await asyncio.sleep(BRAKE_WINDOW.total_seconds())
    world.directory.leave(ENGINEERING, *many)
    await look(of(world, OLD), a_look())

    await sweep(of(world, NEW))
    world.directory.leave(ENGINEERING, MEMBER)
    await look(of(world, NEW), a_look())

    held = await held_changes(of(world, NEW), "NEW", groups=(), users=())
    assert len(held) == len(many) + 1
    assert {"hasten release NEW --group" in row.next_action for row in held} == {True}
