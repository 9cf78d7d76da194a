"""A target gets a new name in targets.yaml while its brake counts, or holds, people."""

from contextlib import suppress

import pytest

from hasten.domain.changes import Action, State
from hasten.operate.release import held_changes
from hasten.records.recent_removals import RecentRemovals
from hasten.watch.sweep import sweep
from tests.support.crashing import CrashingStore, Fuse, Killed
from tests.support.renaming import MANY, MEMBER, NEW, OLD, known, leavers, many_join, of, some_leave
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


@pytest.mark.parametrize("number", [9, 11], ids=["too many of both names", "too many of each"])
@virtual
async def test_whom_another_process_counts_late_under_the_old_name_the_brake_counts(
    number: int,
) -> None:
    world = await known()
    await sweep(of(world, NEW))
    await many_join(world, NEW)
    late = [found(ENGINEERING, one, Action.REMOVED, 10**15) for one in MANY[:9]]
    await RecentRemovals(world.store).count(TOTAL, {ENGINEERING: MANY[:9]}, now())
    await world.ledger.record(late)
    await some_leave(world, NEW, *MANY[9 : 9 + number])

    await sweep(of(world, NEW))

    held = await leavers(world)
    assert {row.state for row in held} == {State.HELD}
    assert len(held) == 9 + number


@pytest.mark.parametrize("step", range(12, 24))
@virtual
async def test_nobody_whom_the_brake_holds_can_be_called_while_their_rows_move(step: int) -> None:
    store = CrashingStore()
    world = await known(store)
    await sweep(of(world, NEW))
    await many_join(world, NEW)
    for name, some in ((TOTAL, MANY[:9]), ("NEW", MANY[9:18])):
        await RecentRemovals(store).count(name, {ENGINEERING: some}, now())
    late = [found(ENGINEERING, one, Action.REMOVED, 10**15) for one in MANY[:9]]
    await world.ledger.record(late)
    store.fuse = Fuse(step, after=True)

    with suppress(Killed):
        await sweep(of(world, NEW))

    assert {row.state for row in await leavers(world)} <= {State.HELD}


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
    await many_join(world, OLD)
    await some_leave(world, OLD, *MANY[:20])

    await sweep(of(world, NEW))
    await some_leave(world, NEW, MEMBER)

    held = await held_changes(of(world, NEW), "NEW", groups=(), users=())
    assert len(held) == 21
    assert {"hasten release NEW --group" in row.next_action for row in held} == {True}


@virtual
async def test_the_brake_counts_on_under_the_new_name() -> None:
    world = await known()
    await many_join(world, OLD)
    await some_leave(world, OLD, *MANY[:6])

    await sweep(of(world, NEW))
    await some_leave(world, NEW, *MANY[6:12])

    held = await leavers(world)
    assert {row.state for row in held} == {State.HELD}
    assert len(held) == 12
