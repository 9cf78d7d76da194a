"""A removal that no call could carry out, because the user was disabled or deleted, is called as
soon as the user is enabled or restored."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT, DISCARDED, OWN_ACCOUNT, Action, Change, HeldBy, State
from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL
from hasten.domain.outcomes import UNPROVEN
from hasten.domain.removal_settlement import NOTHING_SHOWN_AFTER_CYCLE
from hasten.domain.row_states import held
from hasten.domain.verdicts import Answer
from hasten.messages import Wake
from hasten.operate.release import discard_changes
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from hasten.records.ledger import Ledger
from tests.fakes.directory import OnDemand, answer
from tests.support.account_rows import called, row, world_of
from tests.support.crashing import Killed
from tests.support.people import ADA, AMIR, SETTLED, Watched, passes
from tests.support.verifying import disabled_answer, ran, told
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found

UNASSIGNED = "0000bbbb-0000-4000-8000-0000000000ff"
"""A group that no sweep found assigned to the target any more."""

OUT_AND_BACK = [("disable", "enable"), ("delete", "restore")]


async def drained(world: Watched, for_minutes: float = 0) -> None:
    """Drains as messages would, until the time has passed."""
    for _ in range(int(for_minutes * 4) + 1):
        await drain(world.context, Wake(target=TOTAL))
        if for_minutes:
            await asyncio.sleep(15)


@pytest.mark.parametrize("is_removed_first", [True, False])
@pytest.mark.parametrize(("out", "back"), OUT_AND_BACK)
def test_who_is_back_and_not_assigned_loses_the_access_by_a_call(
    out: str,
    back: str,
    is_removed_first: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        if is_removed_first:
            await world.left(ENGINEERING, ADA)
        getattr(world.directory, out)(ADA)
        await world.looks(ADA)
        if not is_removed_first:
            through = world.directory.assigned if out == "disable" else world.directory.deleted
            through[ADA] = []
            await world.ledger.record([found(ENGINEERING, ADA, Action.REMOVED, 2)])
        await drained(world)
        assert (await world.row(ENGINEERING, ADA)).state is State.LEFT_TO_CYCLE
        assert called(world) == []
        await passes(SETTLED)

        getattr(world.directory, back)(ADA)
        await world.looks(ADA)
        await drained(world, for_minutes=3)

        assert called(world) == [(None, (ADA,))]
        assert (await world.row(ENGINEERING, ADA)).state is State.SUCCEEDED
        assert (await row(world)).state is State.LEFT_TO_CYCLE

    scenario()


async def deleted_and_never_shown(group: str) -> Watched:
    """A leaver of the group who was deleted, and of whom the log showed nothing until a cycle had
    run."""
    world = await world_of(ADA)
    world.directory.leave(ENGINEERING, ADA)
    await world.ledger.record([found(group, ADA, Action.REMOVED, 2)])
    world.directory.delete(ADA)
    await world.looks(ADA)
    await drained(world)
    await passes(DEFAULT_CYCLE_INTERVAL)
    ran(world)
    await verify(world.context)
    await drained(world)
    ended = await world.row(group, ADA)
    assert (ended.state, ended.reason) == (State.LEFT_TO_CYCLE, NOTHING_SHOWN_AFTER_CYCLE)
    assert not ended.needs_proof
    return world


@virtual
async def test_a_removal_of_which_a_cycle_showed_nothing_raises_an_alert_once() -> None:
    """The rows of the membership and of the account end so."""
    world = await deleted_and_never_shown(ENGINEERING)
    await drained(world)

    assert world.results("alert") == [UNPROVEN] * 2
    assert told(world)[-4:] == [UNPROVEN] * 2 + [State.LEFT_TO_CYCLE] * 2


@pytest.mark.parametrize("group", [ENGINEERING, DIRECT, UNASSIGNED])
def test_who_is_restored_loses_the_access_of_which_a_cycle_showed_nothing(group: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await deleted_and_never_shown(group)

        world.directory.restore(ADA)
        await world.looks(ADA)
        await drained(world, for_minutes=3)

        assert called(world) == [(None, (ADA,))]
        assert (await world.row(group, ADA)).state is State.SUCCEEDED

    scenario()


@pytest.mark.parametrize("killed", [0, 1, 2])
def test_a_crash_while_somebody_comes_back_loses_no_removal(killed: int) -> None:
    @virtual
    async def scenario() -> None:
        world = await deleted_and_never_shown(ENGINEERING)
        world.directory.restore(ADA)
        await world.looks(ADA)
        await passes(SETTLED)
        moves = 0
        move = Ledger.move

        async def crashing(self: Ledger, *args: Any, **kwargs: Any) -> list[Change]:
            nonlocal moves
            moved = await move(self, *args, **kwargs)
            moves += bool(moved)
            if moved and moves == killed + 1:
                raise Killed
            return moved

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Ledger, "move", crashing)
            try:
                await drained(world)
            except Killed:
                await passes(SETTLED)
            await drained(world, for_minutes=3)

        assert called(world) == [(None, (ADA,))]
        assert (await world.row(ENGINEERING, ADA)).state is State.SUCCEEDED

    scenario()


@virtual
async def test_a_removal_that_an_operator_discarded_stays_discarded() -> None:
    world = await world_of(ADA)
    await world.left(ENGINEERING, ADA)
    [row_] = await world.ledger.open_changes(TOTAL)
    await world.ledger.move(
        [row_], lambda row: held(row, HeldBy.BRAKE, reason="many", next_action="look")
    )
    await discard_changes(world.context, TOTAL, await world.ledger.open_changes(TOTAL))
    world.directory.disable(ADA)
    await world.looks(ADA)
    await drained(world)
    await passes(SETTLED)

    world.directory.enable(ADA)
    await world.looks(ADA)
    await drained(world, for_minutes=3)

    assert called(world) == []
    assert (await world.row(ENGINEERING, ADA)).reason == DISCARDED


@virtual
async def test_a_leaver_whom_entra_has_not_seen_enabled_yet_is_called_until_it_has() -> None:
    world = await world_of(ADA)
    sees_it_at = now() + timedelta(minutes=2)

    def said(_: OnDemand) -> Answer:
        return disabled_answer(active=True) if now() < sees_it_at else answer(action="Disable")

    world.directory.answers = said
    await world.left(ENGINEERING, ADA)

    await drained(world, for_minutes=5)

    assert called(world) == 5 * [(None, (ADA,))]
    assert (await world.row(ENGINEERING, ADA)).state is State.SUCCEEDED
    assert now() - sees_it_at < timedelta(minutes=4)


@virtual
async def test_a_leaver_who_is_disabled_meanwhile_is_not_called_again() -> None:
    world = await world_of(ADA)
    world.directory.answers = lambda _: disabled_answer(active=True)
    await world.left(ENGINEERING, ADA)
    await drained(world)
    world.directory.disable(ADA)

    await drained(world, for_minutes=10)

    assert called(world) == [(None, (ADA,))]
    assert (await world.row(ENGINEERING, ADA)).state is State.LEFT_TO_CYCLE


@virtual
async def test_the_removals_of_somebody_else_stay_left_to_the_cycle() -> None:
    world = await world_of(ADA, AMIR)
    await world.left(ENGINEERING, ADA, AMIR)
    for person in (ADA, AMIR):
        world.directory.disable(person)
    await drained(world)
    await world.looks(ADA)
    await passes(SETTLED)

    world.directory.enable(ADA)
    await world.looks(ADA)
    await drained(world, for_minutes=3)

    assert called(world) == [(None, (ADA,))]
    assert (await world.row(ENGINEERING, AMIR)).state is State.LEFT_TO_CYCLE


@virtual
async def test_a_removal_that_has_ended_well_is_not_called_again() -> None:
    world = await world_of(ADA)
    await world.left(ENGINEERING, ADA)
    await drained(world)
    world.directory.disable(ADA)
    await world.looks(ADA)
    await passes(SETTLED)
    world.directory.enable(ADA)
    await world.looks(ADA)

    await drained(world, for_minutes=3)

    assert called(world) == [(None, (ADA,))]
    assert (await world.row(ENGINEERING, ADA)).state is State.SUCCEEDED


@pytest.mark.parametrize(
    ("action", "graph_says"),
    [(Action.ENABLED, "disable"), (Action.RESTORED, "delete"), (Action.RESTORED, "disable")],
)
def test_a_replica_that_lags_leaves_nobody_to_the_cycle_whom_hasten_saw_enabled(
    action: Action, graph_says: str
) -> None:
    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        await world.ledger.record([found(OWN_ACCOUNT, ADA, action, 1)])
        await drained(world)
        world.directory.calls.clear()
        await world.left(ENGINEERING, ADA)
        getattr(world.directory, graph_says)(ADA)

        await drained(world)
        assert (await world.row(ENGINEERING, ADA)).state is State.WAITING
        assert called(world) == []

        getattr(world.directory, dict(OUT_AND_BACK)[graph_says])(ADA)
        await passes(timedelta(seconds=15))
        await drained(world)
        assert called(world) == [(None, (ADA,))]

    scenario()


@virtual
async def test_a_user_who_stays_disabled_is_left_to_the_cycle_once_replicas_have_settled() -> None:
    world = await world_of(ADA)
    await world.ledger.record([found(OWN_ACCOUNT, ADA, Action.ENABLED, 1)])
    await drained(world)
    await world.left(ENGINEERING, ADA)
    world.directory.disable(ADA)

    await drained(world, for_minutes=3)

    assert (await world.row(ENGINEERING, ADA)).state is State.LEFT_TO_CYCLE
