"""`discard` says before the decision what it means, for each kind of what is held."""

import asyncio

import pytest

from hasten.domain.changes import Action, Cause, HeldBy
from hasten.domain.intents import Intent, Wanted
from hasten.domain.row_states import held
from hasten.operate.held_list import MEMBERSHIP_STAYS
from hasten.operate.release import STILL_DONE
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, found, user
from tests.unit.cli.two_targets import CommandWorld, Ran

WANTED = Intent(
    target=TOTAL,
    group=ENGINEERING,
    user=user(2),
    wanted=Wanted.ABSENT,
    time=START,
    cause=Cause("/hr", "1"),
    recorded_at=START,
    held="15 of 15 members would leave",
)


@pytest.mark.parametrize("of_event", [True, False])
def test_the_cycle_is_said_to_take_nobody_whose_membership_stays(
    world: CommandWorld, ran: Ran, *, of_event: bool
) -> None:
    @virtual
    async def holds() -> None:
        if of_event:
            await world.two.intents.record([WANTED])
        else:
            row = found(ENGINEERING, user(1), Action.REMOVED, 2)
            await world.ledger.record([held(row, HeldBy.BRAKE, reason="many", next_action="")])

    asyncio.run(world.is_discovered())
    holds()

    said = ran("discard", TOTAL).stdout

    assert (MEMBERSHIP_STAYS in said, STILL_DONE in said) == (of_event, not of_event)
