"""Which timers are late."""

from datetime import UTC, datetime, timedelta

import azure.functions as func
import pytest
from croniter import croniter

from handlers import schedules
from hasten.domain.heartbeats import TIMER_PERIODS, Heartbeat, allowed, first, timer_states
from hasten.timers import TIMERS

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def beats(**ago: timedelta) -> list[Heartbeat]:
    """Timers whose last success was so long ago, of an app that runs for a week."""
    begun = NOW - timedelta(days=7)
    return [
        Heartbeat(timer=timer, first_at=begun, ran_at=NOW - span, succeeded_at=NOW - span)
        for timer, span in ago.items()
    ]


def late(found: list[Heartbeat]) -> set[str]:
    return {state.timer for state in timer_states(found, NOW) if state.is_late}


ALL = {timer: timedelta(0) for timer in TIMER_PERIODS}


def test_the_periods_are_those_of_the_functions() -> None:
    app = func.FunctionApp()
    app.register_functions(schedules.blueprint)
    found = {}
    for function in app.get_functions():
        [shown] = [b.get_dict_repr() for b in function.get_bindings()]
        times = croniter(shown["schedule"], NOW, ret_type=datetime, second_at_beginning=True)
        first_run = times.get_next()
        found[function.get_function_name()] = times.get_next() - first_run

    assert found == TIMER_PERIODS
    assert TIMER_PERIODS.keys() == TIMERS.keys()


@pytest.mark.parametrize("timer", TIMER_PERIODS)
def test_a_timer_is_late_after_two_periods_and_five_minutes(timer: str) -> None:
    in_time = beats(**{**ALL, timer: allowed(timer)})
    too_old = beats(**{**ALL, timer: allowed(timer) + timedelta(seconds=1)})

    assert late(in_time) == set()
    assert late(too_old) == {timer}
    assert allowed(timer) == 2 * TIMER_PERIODS[timer] + timedelta(minutes=5)


def test_a_timer_that_never_ran_is_late_once_it_had_the_time() -> None:
    begun = NOW - timedelta(hours=1)
    only = [Heartbeat(timer="wake", first_at=begun, ran_at=NOW, succeeded_at=NOW)]

    assert late(only) == {"sweep", "look", "verify", "apply", "seal"}


def test_a_timer_that_runs_and_fails_each_time_is_late_with_its_reason() -> None:
    begun = NOW - timedelta(minutes=30)
    beat = first("look", begun, "")
    for minutes in (25, 20, 15, 10, 5, 0):
        beat = beat.after_run(NOW - timedelta(minutes=minutes), "Graph answered 403")

    [state] = [state for state in timer_states([beat], NOW) if state.timer == "look"]

    assert (state.is_late, state.reason) == (True, "Graph answered 403")
    assert state.age == 1800


def test_a_success_ends_the_lateness() -> None:
    beat = first("look", NOW - timedelta(hours=2), "no answer").after_run(NOW, "")

    [state] = [state for state in timer_states([beat], NOW) if state.timer == "look"]

    assert (state.is_late, state.reason, state.age) == (False, "", 0)


def test_without_any_heartbeat_every_timer_is_late_for_an_unknown_time() -> None:
    states = timer_states([], NOW)

    assert {state.timer for state in states if state.is_late} == set(TIMER_PERIODS)
    assert {state.age for state in states} == {None}


def test_a_first_run_counts_as_a_success_only_if_it_did_not_fail() -> None:
    runs = [first("look", NOW, reason) for reason in ("", "no answer")]

    assert [run.succeeded_at for run in runs] == [NOW, None]


def test_the_age_of_a_success_has_tenths_of_a_second() -> None:
    states = timer_states(beats(look=timedelta(seconds=61.26)), NOW)

    assert {state.age for state in states if state.timer == "look"} == {61.3}
