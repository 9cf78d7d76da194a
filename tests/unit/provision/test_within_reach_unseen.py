"""A removal that was left to the cycle, because the user was disabled or deleted, is called after
they are back although no look saw that. The timer `verify` reads who waits for the cycle."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.limits import CALL_AGAIN_DELAYS, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.accounts import WITHIN_REACH
from hasten.provision.drain import drain
from hasten.provision.removal_status import PLAN_WAIT
from hasten.provision.verify import verify
from hasten.provision.within_reach import PEOPLE_PER_RUN
from hasten.targets import Mode
from hasten.watch.compare_people import compare_people
from tests.support.account_rows import called, world_of
from tests.support.people import ADA, Watched, passes
from tests.support.verifying import disabled_answer, log, ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user

OUT_AND_BACK = [("disable", "enable"), ("delete", "restore")]
SETTLED = REPLICATION_SETTLED_AFTER + timedelta(seconds=1)


async def left(world: Watched, out: str, *people: str) -> None:
    """They have left the group, and are out when Hasten comes to call for them."""
    await world.left(ENGINEERING, *people)
    for person in people:
        getattr(world.directory, out)(person)
    await drain(world.context, Wake(target=TOTAL))
    for person in people:
        assert (await world.row(ENGINEERING, person)).state is State.LEFT_TO_CYCLE


async def works(world: Watched, minutes: int = 1) -> None:
    for _ in range(minutes):
        await verify(world.context)
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)


@pytest.mark.parametrize(("out", "back"), OUT_AND_BACK)
@pytest.mark.parametrize("is_forgotten", [True, False])
def test_who_is_back_unseen_loses_the_access_by_a_call(
    out: str,
    back: str,
    is_forgotten: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """The look saw nothing, or the hourly comparison has taken them from the roster meanwhile."""

    @virtual
    async def scenario() -> None:
        world = await world_of(ADA)
        await passes(SETTLED)
        await left(world, out, ADA)
        if is_forgotten:
            await world.looks(ADA)
            await passes(SETTLED)
            await compare_people(world.context)
        await passes(SETTLED)
        getattr(world.directory, back)(ADA)

        await works(world)

        assert called(world) == [(None, (ADA,))]
        assert (await world.row(ENGINEERING, ADA)).state is State.SUCCEEDED

    scenario()


@virtual
async def test_a_leaver_who_keeps_another_assignment_is_called_with_the_group() -> None:
    world = await world_of(ADA)
    world.directory.join(ADMIN, ADA)
    await left(world, "disable", ADA)
    await passes(SETTLED)
    world.directory.enable(ADA)

    await works(world)

    assert called(world) == [(ENGINEERING, (ADA,))]


@pytest.mark.parametrize("watches", [True, False])
@virtual
async def test_so_is_the_removal_of_the_account_itself_where_hasten_watches_people(
    *, watches: bool
) -> None:
    world = await world_of(ADA)
    world.directory.disable(ADA)
    world.directory.leave(ENGINEERING, ADA)
    await world.ledger.record([found(OWN_ACCOUNT, ADA, Action.DISABLED, 1)])
    await drain(world.context, Wake(target=TOTAL))
    await passes(SETTLED)
    world.directory.enable(ADA)
    world.target = world.target.model_copy(update={"users": watches})

    await works(world)

    assert called(world) == ([(None, (ADA,))] if watches else [])


@virtual
async def test_a_leaver_is_called_though_nobody_watches_people() -> None:
    world = await world_of(ADA)
    world.target = world.target.model_copy(update={"users": False})
    await left(world, "disable", ADA)
    await passes(SETTLED)
    world.directory.enable(ADA)

    await works(world)

    assert called(world) == [(None, (ADA,))]


@virtual
async def test_who_stays_out_is_read_and_neither_called_nor_moved() -> None:
    world = await world_of(ADA)
    await left(world, "disable", ADA)
    before = await world.row(ENGINEERING, ADA)

    await works(world, minutes=10)

    assert called(world) == []
    assert await world.row(ENGINEERING, ADA) == before


@virtual
async def test_a_replica_that_lags_opens_nothing() -> None:
    world = await world_of(ADA)
    await left(world, "disable", ADA)
    world.directory.enable(ADA)

    await verify(world.context)

    assert (await world.row(ENGINEERING, ADA)).state is State.LEFT_TO_CYCLE


@virtual
async def test_what_the_log_shows_of_a_cycle_needs_no_call() -> None:
    world = await world_of(ADA)
    await left(world, "disable", ADA)
    await passes(SETTLED)
    world.directory.enable(ADA)
    log(world, ADA, "Disable")
    ran(world)

    await works(world)

    assert called(world) == []
    assert (await world.row(ENGINEERING, ADA)).state is State.DONE_BY_CYCLE


@virtual
async def test_whom_entra_goes_on_skipping_as_disabled_is_called_in_rounds_with_pauses() -> None:
    world = await world_of(ADA)
    world.directory.answers = lambda _: disabled_answer(active=True)
    await world.left(ENGINEERING, ADA)

    await works(world, minutes=60)

    rounds = 3
    assert len(called(world)) == rounds * (1 + len(CALL_AGAIN_DELAYS))


@virtual
async def test_observe_mode_reads_nobody() -> None:
    world = await world_of(ADA)
    await left(world, "disable", ADA)
    await passes(SETTLED)
    world.directory.enable(ADA)
    world.target = world.target.model_copy(update={"mode": Mode.OBSERVE})

    await verify(world.context)

    assert (await world.row(ENGINEERING, ADA)).state is State.LEFT_TO_CYCLE


@virtual
async def test_many_who_wait_are_read_in_turn_and_everybody_is_reached() -> None:
    people = [user(n) for n in range(200, 200 + 2 * PEOPLE_PER_RUN)]
    world = await world_of(*people)
    await left(world, "disable", *people)
    await passes(SETTLED)
    for person in people:
        world.directory.enable(person)

    await verify(world.context)
    opened = [row for row in await world.ledger.open_changes(TOTAL) if row.reason == WITHIN_REACH]
    await works(world, minutes=20)

    assert len(opened) == PEOPLE_PER_RUN
    assert {one for _, users in called(world) for one in users} == set(people)


@virtual
async def test_graph_that_does_not_answer_delays_the_timer_by_seconds_and_loses_nothing() -> None:
    world = await world_of(ADA)
    await left(world, "disable", ADA)
    await passes(SETTLED)
    world.directory.enable(ADA)
    read = world.directory.user

    async def hangs(person: str) -> None:
        await asyncio.sleep(600)

    world.directory.user = hangs  # type: ignore[assignment,method-assign]
    began = now()
    await verify(world.context)
    waited = now() - began
    world.directory.user = read  # type: ignore[method-assign]

    await works(world)

    assert waited <= PLAN_WAIT + timedelta(seconds=1)
    assert called(world) == [(None, (ADA,))]
