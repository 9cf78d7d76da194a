"""What is found becomes work, or is held: by the brake, or because the target only observes."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.brake import BRAKE_WINDOW
from hasten.domain.changes import Action, FoundBy, HeldBy, State
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Look, Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.targets import Mode, Target
from hasten.watch.admit import DUE_BEFORE_WRITTEN, admit
from hasten.watch.look import look, start_watching
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user

WAKE = Wake(target=TOTAL)
A_HUNDRED = [user(n) for n in range(100)]


async def watched(members: int = 100, **policy: object) -> World:
    world = World(target=Target.model_validate({"name": TOTAL, "display_name": TOTAL, **policy}))
    world.directory.join(ENGINEERING, *A_HUNDRED[:members])
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    return world


async def looked(world: World) -> None:
    await look(
        world.context, Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    )
    await drain(world.context, WAKE)


async def states(world: World, users: list[str]) -> set[State]:
    return {(await world.row(ENGINEERING, name)).state for name in users}


@virtual
async def test_sixty_of_a_hundred_who_leave_at_once_are_held_and_nobody_is_called() -> None:
    world = await watched()
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])

    await looked(world)

    row = await world.row(ENGINEERING, user(1))
    assert await states(world, A_HUNDRED[:60]) == {State.HELD}
    assert row.held_by is HeldBy.BRAKE
    assert "60 of 100" in row.reason
    assert "hasten release TOTAL" in row.next_action
    assert world.directory.calls == []


@virtual
async def test_a_row_that_a_slow_read_found_is_due_only_when_it_is_written() -> None:
    world = await watched()
    change = found(ENGINEERING, user(1), Action.ADDED, origin=0)
    began = now()
    assert change.due_at == began
    await asyncio.sleep(90)

    await admit(world.context, [change])

    row = await world.row(ENGINEERING, user(1))
    assert (row.found_at, row.due_at) == (began, now() - DUE_BEFORE_WRITTEN)


@virtual
async def test_a_tripped_brake_publishes_one_alert() -> None:
    world = await watched()
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])

    await looked(world)
    await looked(world)

    [alert] = world.bus.of(PROVISIONING_OUTCOMES)
    assert alert.body["type"] == "hasten.alert.v1"
    assert alert.body["data"]["group"] == ENGINEERING
    assert world.results("brake") == ["held"]


@virtual
async def test_leavers_one_by_one_are_held_from_where_they_are_too_many() -> None:
    world = await watched()

    for name in A_HUNDRED[:30]:
        world.directory.leave(ENGINEERING, name)
        await looked(world)

    assert await states(world, A_HUNDRED[:20]) == {State.SUCCEEDED}
    assert await states(world, A_HUNDRED[20:30]) == {State.HELD}


@virtual
async def test_leavers_of_long_ago_do_not_count() -> None:
    world = await watched()

    for start in (0, 20):
        world.directory.leave(ENGINEERING, *A_HUNDRED[start : start + 16])
        await looked(world)
        await asyncio.sleep((BRAKE_WINDOW + timedelta(seconds=1)).total_seconds())

    assert await states(world, [*A_HUNDRED[:16], *A_HUNDRED[20:36]]) == {State.SUCCEEDED}


@virtual
async def test_joiners_of_the_same_look_are_not_held() -> None:
    world = await watched()
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])
    world.directory.join(ENGINEERING, user(200))

    await looked(world)

    assert await states(world, [user(200)]) == {State.SUCCEEDED}


@virtual
async def test_a_held_leaver_who_comes_back_is_provisioned() -> None:
    world = await watched()
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])
    await looked(world)
    world.directory.join(ENGINEERING, user(1))

    await looked(world)

    row = await world.row(ENGINEERING, user(1))
    assert (row.action, row.state) == (Action.ADDED, State.SUCCEEDED)


@virtual
async def test_a_look_that_is_repeated_after_a_crash_does_not_count_its_leavers_twice() -> None:
    world = await watched()
    leavers = [found(ENGINEERING, name, Action.REMOVED, origin=9) for name in A_HUNDRED[:15]]

    for _ in range(3):
        await admit(world.context, leavers)

    assert await states(world, A_HUNDRED[:15]) == {State.PENDING}


@virtual
async def test_the_thresholds_of_the_target_count() -> None:
    world = await watched(brake_removals=2, brake_percent=1)
    world.directory.leave(ENGINEERING, *A_HUNDRED[:3])

    await looked(world)

    assert await states(world, A_HUNDRED[:3]) == {State.HELD}


@virtual
async def test_the_brake_pauses_entras_own_job_where_the_target_says_so() -> None:
    world = await watched(pause_job=True)
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])

    await looked(world)

    assert world.directory.writes["pause_job"] == 1


@virtual
async def test_a_job_that_may_not_be_paused_holds_up_no_joiner_of_the_same_look() -> None:
    world = await watched(pause_job=True)
    world.directory.refusals["pause_job"] = [PermanentError("403", "grant the permission")]
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])
    world.directory.join(ENGINEERING, user(200))

    await looked(world)

    assert world.results("job") == ["not_paused"]
    assert await states(world, A_HUNDRED[:60]) == {State.HELD}
    assert await states(world, [user(200)]) == {State.SUCCEEDED}


@virtual
async def test_a_tripped_brake_publishes_its_alert_after_service_bus_was_down() -> None:
    world = await watched()
    world.directory.leave(ENGINEERING, *A_HUNDRED[:60])
    world.bus.down = True
    with pytest.raises(TemporaryError):
        await looked(world)
    world.bus.down = False

    await looked(world)

    [alert] = world.bus.of(PROVISIONING_OUTCOMES)
    assert alert.body["data"]["result"] == "held"
    assert await states(world, A_HUNDRED[:60]) == {State.HELD}


@virtual
async def test_an_observed_target_has_everything_in_the_ledger_and_no_call() -> None:
    world = await watched(mode=Mode.OBSERVE)
    world.directory.leave(ENGINEERING, user(1))
    world.directory.join(ENGINEERING, user(200))

    await looked(world)

    rows = [await world.row(ENGINEERING, name) for name in (user(1), user(200))]
    assert {(row.state, row.held_by) for row in rows} == {(State.HELD, HeldBy.OBSERVE)}
    assert all("mode: act" in row.next_action for row in rows)
    assert world.directory.calls == []


@virtual
async def test_a_change_found_before_the_target_observed_is_no_longer_called() -> None:
    world = await watched()
    world.directory.leave(ENGINEERING, user(1))
    await look(
        world.context, Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.NOTIFICATION)
    )
    world.target = world.target.model_copy(update={"mode": Mode.OBSERVE})

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.held_by) == (State.HELD, HeldBy.OBSERVE)
    assert world.directory.calls == []
