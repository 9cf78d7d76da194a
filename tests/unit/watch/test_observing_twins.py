"""Two targets that name one app, of which one only observes."""

from dataclasses import replace

import pytest

from hasten.domain.changes import State
from hasten.targets import Mode
from hasten.watch.sweep import sweep
from tests.support.renaming import of
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL
from tests.unit.watch.test_twins import MEMBER, NAMED, TWIN, rows, somebody_leaves, swept


@pytest.mark.parametrize("state", [State.PENDING, State.CONFIRMED, State.FAILED])
@virtual
async def test_what_a_target_has_only_observed_changes_nothing_of_what_the_other_did(
    state: State,
) -> None:
    observes = NAMED.model_copy(update={"mode": Mode.OBSERVE})
    world, context = await swept(observes, TWIN)
    await somebody_leaves(context)
    ended = None if state is State.PENDING else now()
    [row] = await world.ledger.move(
        await world.ledger.open_changes("TWIN"),
        lambda row: replace(row, state=state, finished_at=ended, reason="as Entra ID answered"),
    )

    for _ in range(2):
        await sweep(of(world, TWIN))

    assert await world.ledger.find("TWIN", ENGINEERING, MEMBER) == row
    assert await world.ledger.find(TOTAL, ENGINEERING, MEMBER) is None


@virtual
async def test_what_is_open_is_called_when_a_target_that_observed_takes_over() -> None:
    observes = TWIN.model_copy(update={"mode": Mode.OBSERVE})
    world, context = await swept(NAMED, observes)
    await somebody_leaves(context)
    assert len(await rows(world)) == 2

    await sweep(of(world, TWIN))

    [row] = await world.ledger.open_changes("TWIN")
    assert (row.user, row.state) == (MEMBER, State.PENDING)
