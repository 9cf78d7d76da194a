"""A row that ended under a former name of a target counts until a newer one follows it."""

from dataclasses import replace

import pytest

from emulator.graph.seed import TOTAL
from hasten.domain.changes import Action, State
from hasten.domain.row_states import finished
from hasten.records.ledger import Ledger
from tests.chaos.rows import rows_of_app
from tests.simulation.world import simulated
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, found, user


@pytest.mark.parametrize("state", [State.PENDING, State.SUCCEEDED, State.LEFT_TO_CYCLE])
@virtual
async def test_the_newest_row_of_all_names_counts(state: State) -> None:
    async with simulated() as world:
        left = found(ENGINEERING, user(1), Action.REMOVED, 1)
        ended = finished(left, State.LEFT_TO_CYCLE, now=now(), reason="discarded")
        ledger = Ledger(world.store)
        await ledger.record([ended])
        elsewhere = replace(left, target="App-1", origin=9)
        await ledger.record([elsewhere])
        assert await rows_of_app(world, TOTAL) == [ended]

        newer = replace(found(ENGINEERING, user(1), Action.ADDED, 2), target="TOTAL_1", state=state)
        await ledger.record([replace(newer, needs_proof=state is State.SUCCEEDED)])
        assert [row.target for row in await rows_of_app(world, TOTAL)] == ["TOTAL_1"]
