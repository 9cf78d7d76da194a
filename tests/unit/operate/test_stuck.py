"""Set up well, but nothing moves."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, Change, HeldBy
from hasten.domain.cycle import Cycle
from hasten.domain.row_states import held, waiting
from hasten.operate.stuck import STUCK_AFTER, deleted_groups, problems
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, found, user

SECOND = timedelta(seconds=1)


def change(number: int, action: Action = Action.ADDED) -> Change:
    return found(ENGINEERING, user(number), action, 1)


@virtual
async def test_changes_that_have_just_come_are_no_problem() -> None:
    rows = [change(1), change(2, Action.REMOVED)]

    assert problems(rows, now() + STUCK_AFTER) == []


@virtual
async def test_a_call_that_graph_answers_with_401_is_one_problem_with_its_next_action() -> None:
    rows = [
        waiting(
            change(n),
            due_at=now() + STUCK_AFTER,
            reason="HTTP 401",
            next_action="grant the identity",
        )
        for n in (1, 2)
    ]

    [found] = problems(rows, now())

    assert found.found == "2 changes wait for someone: HTTP 401"
    assert found.fix == "grant the identity"


@virtual
async def test_a_change_that_waits_for_replication_needs_nobody() -> None:
    rows = [waiting(change(1), due_at=now(), reason="not assigned yet", next_action="")]

    assert problems(rows, now()) == []


@virtual
async def test_a_target_that_stands_still_is_reported() -> None:
    [found] = problems([change(1), change(2)], now() + STUCK_AFTER + SECOND)

    assert "2 changes are due, and nobody was called for more than 5 minutes" in found.found


@virtual
async def test_waiting_revocations_are_reported_with_the_first_person() -> None:
    row = replace(change(1, Action.REMOVED), due_at=now() + timedelta(hours=1))

    [found] = problems([row], now() + STUCK_AFTER + SECOND)

    assert found.found.startswith("1 revocations wait, the oldest since")
    assert user(1) in found.fix


@virtual
async def test_held_changes_do_not_count_as_stuck() -> None:
    row = held(change(1, Action.REMOVED), HeldBy.BRAKE, reason="60 of 100", next_action="look")

    assert problems([row], now() + timedelta(days=1)) == []


@pytest.mark.parametrize(("hours", "said"), [(1, "Entra's next cycle"), (3, "no cycle since")])
def test_a_deleted_group_waits_for_the_next_cycle_until_cycles_ran_that_were_not_complete(
    hours: int, said: str
) -> None:
    known = Cycle(began=START)
    deleted = {ENGINEERING: (START - timedelta(hours=hours)).isoformat()}

    [problem] = deleted_groups(deleted, known, START)

    assert said in problem.found
