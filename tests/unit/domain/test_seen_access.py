"""Which removals of a person have not ended well, and whether the person may have access."""

from typing import Any

import pytest

from hasten.domain.changes import Change, State
from hasten.domain.seen_access import unfinished
from tests.unit.domain.rows import GROUPS, NOW, change, removal

FAILED = removal(age=60, state=State.FAILED, finished_at=NOW)


def taken(after: float, **fields: Any) -> Change:
    """A later removal that ended well, found so many seconds after the failed one had ended."""
    return removal(group=GROUPS[1], age=-after, state=State.CONFIRMED, **fields)


@pytest.mark.parametrize(
    ("row", "others", "counts"),
    [
        (FAILED, [], True),
        (FAILED, [taken(-1)], True),
        (FAILED, [taken(0)], False),
        (FAILED, [taken(1)], False),
        (FAILED, [taken(1, keeps_assignment=True)], True),
        (FAILED, [removal(group=GROUPS[1], age=-1, state=State.FAILED)], True),
        (removal(age=60), [taken(1)], True),
        (removal(age=60, state=State.LEFT_TO_CYCLE), [taken(-60)], False),
        (removal(state=State.CONFIRMED), [], False),
        (change(state=State.FAILED), [], False),
    ],
)
def test_a_removal_that_ended_badly_is_unfinished_unless_a_later_one_took_the_account(
    row: Change, others: list[Change], *, counts: bool
) -> None:
    assert (row in unfinished([row, *others])) is counts
