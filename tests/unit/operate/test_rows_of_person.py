"""The rows of one person are found in groups that nothing else names."""

from collections.abc import Callable

import pytest

from hasten.domain.changes import Action, Change, State
from hasten.domain.row_states import finished, left_to_cycle, waiting
from hasten.operate.rows_of_person import rows_of_person
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World, found, user

UNNAMED = "0000bbbb-0000-4000-8000-0000000000ff"
"""A group that the target does not have any more, and that no history names."""


def _waiting(row: Change) -> Change:
    return waiting(row, due_at=now(), reason="")


def _left(row: Change) -> Change:
    return left_to_cycle(row, now=now(), reason="", next_action="", expected_at=None)


def _ended(row: Change) -> Change:
    return finished(row, State.CONFIRMED, now=now())


@pytest.mark.parametrize(("move", "is_found"), [(_waiting, True), (_left, True), (_ended, False)])
def test_rows_that_are_open_or_wait_for_proof_are_found_without_their_group(
    move: Callable[[Change], Change],
    is_found: bool,  # noqa: FBT001 - a case
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        await world.is_discovered()
        await world.ledger.record([found(UNNAMED, user(1), Action.REMOVED, 1)])
        await world.ledger.record([found(UNNAMED, user(2), Action.REMOVED, 1)])
        await world.ledger.move(await world.ledger.open_changes(TOTAL), move)

        rows = await rows_of_person(world.context, TOTAL, user(1))

        assert [(row.group, row.user) for row in rows] == [(UNNAMED, user(1))] * is_found

    scenario()
