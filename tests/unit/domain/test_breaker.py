"""The circuit breaker of one target."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.breaker import (
    BREAKER_MAX_PAUSE,
    BREAKER_MIN_PAUSE,
    FAILED_OFTEN,
    FAILURES_TO_OPEN,
    Breaker,
)
from tests.unit.domain.rows import NOW, USERS


def failing(times: int) -> Breaker:
    breaker = Breaker()
    for number in range(times):
        breaker = breaker.failed({USERS[number % 2]}, NOW, attempts=0)
    return breaker


def test_it_opens_after_as_many_failures_in_a_row_as_one_window_has_calls() -> None:
    assert failing(FAILURES_TO_OPEN - 1).is_closed
    assert failing(FAILURES_TO_OPEN).lets_through_at(NOW) == NOW + BREAKER_MIN_PAUSE


def test_an_answer_closes_it_and_forgets_the_failures() -> None:
    assert failing(FAILURES_TO_OPEN).answered() == Breaker()
    assert failing(FAILURES_TO_OPEN - 1).answered().failed(USERS[:1], NOW, attempts=0).is_closed


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
        breaker = breaker.failed(users, NOW, attempts=0)

    assert breaker.is_closed
    assert not breaker.failed(USERS[4:5], NOW, attempts=0).is_closed


def often(users: Sequence[str], rounds: int = 20) -> Breaker:
    """People whose calls fail in turn, as they did before."""
    breaker = Breaker()
    for _ in range(rounds):
        for one in users:
            breaker = breaker.failed({one}, NOW, attempts=FAILED_OFTEN)
    return breaker


def test_a_few_people_whose_calls_have_failed_often_do_not_open_it() -> None:
    assert often(USERS[: FAILURES_TO_OPEN - 1]).is_closed
    assert not often(USERS[:FAILURES_TO_OPEN]).is_closed


def test_a_few_people_who_failed_often_count_as_one_failure_each_beside_others() -> None:
    breaker = often(USERS[: FAILURES_TO_OPEN - 1])

    assert not breaker.failed(USERS[9:10], NOW, attempts=0).is_closed


def test_a_probe_that_has_failed_often_keeps_an_open_breaker_open() -> None:
    opened = failing(FAILURES_TO_OPEN)

    probed = opened.failed(USERS[:1], NOW, attempts=FAILED_OFTEN)

    assert probed.lets_through_at(NOW) == NOW + 2 * BREAKER_MIN_PAUSE


@pytest.mark.parametrize("more", range(6))
def test_a_removal_that_has_not_failed_waits_for_the_shortest_pause_only(more: int) -> None:
    breaker = failing(FAILURES_TO_OPEN + more)

    assert breaker.lets_through_at(NOW, is_new_removal=True) == NOW + BREAKER_MIN_PAUSE
    later = NOW + BREAKER_MAX_PAUSE
    assert breaker.lets_through_at(later, is_new_removal=True) == later
    assert Breaker().lets_through_at(NOW, is_new_removal=True) == NOW
