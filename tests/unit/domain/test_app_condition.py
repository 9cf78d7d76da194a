"""What the results for several people say about the app as a whole."""

from datetime import timedelta

import pytest

from hasten.domain.app_condition import MAX_REFUSED_IN_A_ROW, AppCondition
from hasten.domain.app_revocation import MAX_APP_DELAY, AppRevocation, AppRevocationResult
from tests.unit.domain.rows import NOW

MINUTE = timedelta(minutes=1)


def met(result: AppRevocationResult, delay: timedelta | None = None) -> AppRevocation:
    return AppRevocation(result=result, reason="r", delay=delay)


REFUSED = met(AppRevocationResult.REFUSED)
BUSY = met(AppRevocationResult.THROTTLED, MINUTE)


def test_an_app_that_refuses_hasten_serves_nobody() -> None:
    assert AppCondition().serves_nobody(met(AppRevocationResult.NO_ACCESS), NOW)


@pytest.mark.parametrize(
    ("between", "closes"),
    [
        (AppRevocationResult.CONFIRMED, False),
        (AppRevocationResult.STILL_ACTIVE, False),
        (AppRevocationResult.NO_ACCOUNT, True),
        (AppRevocationResult.STILL_ASSIGNED, True),
        (AppRevocationResult.UNAVAILABLE, True),
    ],
)
def test_refusals_in_a_row_are_a_lack_of_rights_unless_a_write_was_accepted_between_them(
    between: AppRevocationResult, *, closes: bool
) -> None:
    condition = AppCondition()
    for _ in range(MAX_REFUSED_IN_A_ROW - 1):
        assert not condition.serves_nobody(REFUSED, NOW)

    assert not condition.serves_nobody(met(between), NOW)
    assert condition.serves_nobody(REFUSED, NOW) is closes


def test_a_write_that_was_accepted_begins_the_count_of_refusals_anew() -> None:
    condition = AppCondition()
    for _ in range(MAX_REFUSED_IN_A_ROW - 1):
        condition.serves_nobody(REFUSED, NOW)
    condition.serves_nobody(met(AppRevocationResult.CONFIRMED), NOW)

    closes = [condition.serves_nobody(REFUSED, NOW) for _ in range(MAX_REFUSED_IN_A_ROW)]

    assert closes == [*[False] * (MAX_REFUSED_IN_A_ROW - 1), True]


def test_an_app_that_answers_only_429_serves_nobody_once_the_longest_wait_would_pass() -> None:
    condition = AppCondition()
    for minute in range(int(MAX_APP_DELAY / MINUTE)):
        assert not condition.serves_nobody(BUSY, NOW + minute * MINUTE)

    assert condition.serves_nobody(BUSY, NOW + MAX_APP_DELAY)


def test_one_answer_that_asks_for_a_longer_wait_is_enough() -> None:
    asked = met(AppRevocationResult.THROTTLED, MAX_APP_DELAY + MINUTE)

    assert AppCondition().serves_nobody(asked, NOW)


def test_access_taken_between_two_429_begins_the_wait_anew() -> None:
    condition = AppCondition()
    condition.serves_nobody(BUSY, NOW)
    condition.serves_nobody(met(AppRevocationResult.CONFIRMED), NOW + MINUTE)

    assert not condition.serves_nobody(BUSY, NOW + MAX_APP_DELAY)
