"""The circuit breaker of one target."""

from datetime import timedelta

import pytest

from hasten.domain.breaker import BREAKER_MAX_PAUSE, BREAKER_MIN_PAUSE, FAILURES_TO_OPEN, Breaker
from tests.unit.domain.rows import NOW, USERS


def failing(times: int) -> Breaker:
    breaker = Breaker()
    for number in range(times):
        breaker = breaker.failed({USERS[number % 2]}, NOW)
    return breaker


def test_it_opens_after_as_many_failures_in_a_row_as_one_window_has_calls() -> None:
    assert failing(FAILURES_TO_OPEN - 1).is_closed
    assert failing(FAILURES_TO_OPEN).lets_through_at(NOW) == NOW + BREAKER_MIN_PAUSE


def test_an_answer_closes_it_and_forgets_the_failures() -> None:
    assert failing(FAILURES_TO_OPEN).answered() == Breaker()
    assert failing(FAILURES_TO_OPEN - 1).answered().failed(USERS[:1], NOW).is_closed


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    pauses = [failing(FAILURES_TO_OPEN + n).lets_through_at(NOW) - NOW for n in range(6)]

    assert pauses == [
        *(BREAKER_MIN_PAUSE * 2**n for n in range(4)),
        BREAKER_MAX_PAUSE,
        BREAKER_MAX_PAUSE,
    ]


def test_its_pause_over_it_lets_a_probe_through_though_it_is_not_closed() -> None:
    later = NOW + BREAKER_MIN_PAUSE + timedelta(seconds=1)

    assert failing(FAILURES_TO_OPEN).lets_through_at(later) == later
    assert not failing(FAILURES_TO_OPEN).is_closed


@pytest.mark.parametrize("users", [USERS[:1], USERS[:3]])
def test_calls_that_always_name_the_same_people_never_open_it(users: list[str]) -> None:
    breaker = Breaker()
    for _ in range(4 * FAILURES_TO_OPEN):
        breaker = breaker.failed(users, NOW)

    assert breaker.is_closed
    assert not breaker.failed(USERS[4:5], NOW).is_closed
