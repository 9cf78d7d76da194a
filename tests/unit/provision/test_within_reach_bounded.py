"""What Hasten opens again, because it can carry it out now, opens only so often. One broken person
stops nobody's proof."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.domain.outcomes import NOT_TAKEN
from hasten.limits import CALL_AGAIN_DELAYS, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.verify import verify
from tests.support.account_rows import called, world_of
from tests.support.people import ADA, AMIR, Watched
from tests.support.verifying import disabled_answer, log, ran
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL

SETTLED = REPLICATION_SETTLED_AFTER + timedelta(seconds=1)
ROUND = 1 + len(CALL_AGAIN_DELAYS)


async def works(world: Watched, minutes: int, *, cycles: bool) -> None:
    """The timers run for so long, and a cycle comes every 40 minutes if there are `cycles`."""
    for minute in range(minutes):
        if cycles and minute % 40 == 0:
            ran(world, ago=timedelta(0))
        await drain(world.context, Wake(target=TOTAL))
        if minute % 5 == 0:
            await verify(world.context)
        await asyncio.sleep(60)


@pytest.mark.parametrize("cycles", [True, False])
@virtual
async def test_who_is_skipped_as_disabled_for_ever_is_given_up_with_an_alert(
    *, cycles: bool
) -> None:
    """Graph shows them enabled all the time."""
    world = await world_of(ADA)
    world.directory.answers = lambda _: disabled_answer(active=True)
    await world.left(ENGINEERING, ADA)

    await works(world, 8 * 60, cycles=cycles)

    assert (await world.row(ENGINEERING, ADA)).state is State.FAILED
    assert NOT_TAKEN in world.results("alert")
    assert len(called(world)) <= (1 + MOST_RETRIES) * ROUND


@virtual
async def test_a_read_that_breaks_stops_the_proof_of_nobody_else() -> None:
    world = await world_of(ADA, AMIR)
    await world.left(ENGINEERING, ADA, AMIR)
    for person in (ADA, AMIR):
        world.directory.disable(person)
    await drain(world.context, Wake(target=TOTAL))
    await asyncio.sleep(SETTLED.total_seconds())
    log(world, AMIR, "Disable")
    read = world.directory.user

    async def breaks(person: str) -> object:
        if person == ADA:
            raise ValueError("a defect")
        return await read(person)

    world.directory.user = breaks  # type: ignore[assignment,method-assign]
    with pytest.raises(ValueError, match="a defect"):
        await verify(world.context)

    assert (await world.row(ENGINEERING, AMIR)).state is State.DONE_BY_CYCLE
    assert (await world.row(ENGINEERING, ADA)).state is State.LEFT_TO_CYCLE
