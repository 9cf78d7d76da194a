"""What the app's own word makes of the row of a removal."""

from datetime import datetime, timedelta

import pytest

from hasten.domain.app_revocation import (
    MAX_APP_DELAY,
    MAX_APP_TRIES,
    AppRevocation,
    AppRevocationResult,
    settled,
)
from hasten.domain.changes import State
from tests.unit.domain.rows import NOW, removal, seconds

DELAY = seconds(15)
LAST = MAX_APP_TRIES


@pytest.mark.parametrize(
    ("result", "delay", "tries", "expected"),
    [
        (AppRevocationResult.THROTTLED, DELAY, LAST - 1, (State.WAITING, NOW + DELAY, LAST)),
        (AppRevocationResult.THROTTLED, DELAY, LAST, (State.PENDING, NOW, LAST)),
        (AppRevocationResult.THROTTLED, MAX_APP_DELAY, 0, (State.WAITING, NOW + MAX_APP_DELAY, 1)),
        (AppRevocationResult.THROTTLED, MAX_APP_DELAY + DELAY, 0, (State.PENDING, NOW, 0)),
        (AppRevocationResult.UNAVAILABLE, MAX_APP_DELAY + DELAY, 0, (State.PENDING, NOW, 0)),
        (AppRevocationResult.UNAVAILABLE, DELAY, LAST - 1, (State.WAITING, NOW + DELAY, LAST)),
        (AppRevocationResult.UNAVAILABLE, DELAY, LAST, (State.PENDING, NOW, LAST)),
        (AppRevocationResult.THROTTLED, None, 0, (State.PENDING, NOW, 0)),
        (AppRevocationResult.REFUSED, None, 0, (State.PENDING, NOW, 0)),
    ],
)
def test_a_try_that_took_nothing_waits_for_the_next_one_or_leaves_it_to_entra(
    result: AppRevocationResult,
    delay: timedelta | None,
    tries: int,
    expected: tuple[State, datetime, int],
) -> None:
    row = removal(attempts=tries)
    answer = AppRevocation(result=result, reason="r", next_action="n", delay=delay)

    after = settled(row, answer, now=NOW)

    assert (after.state, after.due_at, after.attempts) == expected
    assert (after.reason, after.next_action) == ("r", "n" if after.state is State.PENDING else "")


def test_what_the_app_confirms_needs_no_other_proof() -> None:
    row = removal(needs_proof=True, keeps_assignment=True)
    confirmed = AppRevocation(result=AppRevocationResult.CONFIRMED, reason="inactive")

    after = settled(row, confirmed, now=NOW)

    assert (after.state, after.reason, after.finished_at) == (State.CONFIRMED, "inactive", NOW)
    assert (after.needs_proof, after.keeps_assignment) == (False, False)


def test_the_last_try_of_a_drain_leaves_the_row_to_entra() -> None:
    busy = AppRevocation(result=AppRevocationResult.THROTTLED, reason="r", delay=DELAY)

    assert settled(removal(), busy, now=NOW, is_last=True).state is State.PENDING
