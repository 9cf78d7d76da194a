"""At the end of a storm, what a discard that failed has marked is discarded."""

from datetime import timedelta

from emulator.graph.seed import TOTAL_ENGINEERING
from hasten.domain.changes import DISCARDED, Cause
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from tests.chaos.storm import Releasing
from tests.chaos.two_people import TwoPeople
from tests.simulation.world import newcomers, simulated
from tests.support.virtual_time import now, virtual


@virtual
async def test_a_removal_that_was_marked_as_discarded_is_rejected_at_last() -> None:
    async with simulated() as world:
        intents = world.outside_context().intents
        marked = Intent(
            target="TOTAL",
            group=TOTAL_ENGINEERING,
            user=newcomers(1)[0],
            wanted=Wanted.ABSENT,
            time=now(),
            cause=Cause("/hr", "event-1"),
            recorded_at=now(),
            held=DISCARDED,
        )
        await intents.record([marked])

        await Releasing(world, TwoPeople(world)).looks_for(timedelta(minutes=5))

        found = await intents.find(marked.target, marked.group, marked.user)
    assert found is not None
    assert (found.is_done, found.outcome) == (True, REJECTED)
