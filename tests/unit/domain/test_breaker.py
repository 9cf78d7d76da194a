"""The circuit breaker of one target."""

from datetime import timedelta

from hasten.domain.breaker import FAILURES, LONGEST, SHORTEST, Breaker
from tests.unit.domain.rows import NOW


def failing(times: int) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker = breaker.failed(NOW)
    return breaker


def test_it_opens_after_as_many_failures_in_a_row_as_one_window_has_calls() -> None:
    assert failing(FAILURES - 1).is_closed
    assert failing(FAILURES).lets_through_at(NOW) == NOW + SHORTEST


def test_an_answer_closes_it_and_forgets_the_failures() -> None:
    assert failing(FAILURES).answered() == Breaker()
    assert failing(FAILURES - 1).answered().failed(NOW).is_closed


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    pauses = [failing(FAILURES + n).lets_through_at(NOW) - NOW for n in range(6)]

    assert pauses == [*(SHORTEST * 2**n for n in range(4)), LONGEST, LONGEST]


def test_its_pause_over_it_lets_a_probe_through_though_it_is_not_closed() -> None:
    later = NOW + SHORTEST + timedelta(seconds=1)

    assert failing(FAILURES).lets_through_at(later) == later
    assert not failing(FAILURES).is_closed
