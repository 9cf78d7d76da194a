"""What planning and settling do together, call after call."""

import pytest

from hasten.domain.planning import AssignmentStatus, GrantsBy, group_into_calls
from hasten.domain.settlement import settle
from hasten.domain.verdicts import Result, Verdict
from tests.unit.domain.rows import GROUPS, NOW, USERS, change, removal, seconds


@pytest.mark.parametrize("result", [Result.FAILED, Result.DISABLED, Result.TRANSIENT])
def test_a_user_call_that_serves_two_changes_ends_or_waits(result: Result) -> None:
    rows = [removal(0, GROUPS[0]), removal(0, GROUPS[1])]

    for _ in range(3):
        [call] = group_into_calls(
            rows, standings={USERS[0]: AssignmentStatus.UNASSIGNED}, grants_by=GrantsBy.GROUP
        )
        rows = [
            settle(row, call, Verdict(result), now=NOW, backoff=lambda n: seconds(60))
            for row in call.changes
        ]
        if all(not row.is_open or row.due_at > NOW for row in rows):
            return
    pytest.fail(f"called for ever: {[(row.state, row.attempts) for row in rows]}")


def test_a_leaver_left_to_the_cycle_is_not_advised_to_be_a_member() -> None:
    row = removal(attempts=99)
    [call] = group_into_calls(
        [row], standings={USERS[0]: AssignmentStatus.ASSIGNED}, grants_by=GrantsBy.GROUP
    )

    after = settle(row, call, Verdict(Result.NOT_ENTITLED), now=NOW, backoff=lambda n: seconds(1))

    assert "is a direct member" not in after.next_action


def test_waiting_for_a_permission_does_not_eat_the_replication_ladder() -> None:
    row = change()
    [call] = group_into_calls([row], standings={}, grants_by=GrantsBy.GROUP)
    for _ in range(5):
        row = settle(
            row, call, Verdict(Result.NOT_PERMITTED), now=NOW, backoff=lambda n: seconds(1)
        )

    after = settle(row, call, Verdict(Result.NOT_ENTITLED), now=NOW, backoff=lambda n: seconds(1))

    assert after.is_open
