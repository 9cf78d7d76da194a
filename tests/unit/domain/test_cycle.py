"""Entra's own cycle, read from the job's status."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hasten.domain import cycle
from hasten.domain.cycle import (
    CYCLE_SEES_CHANGES_AFTER,
    DEFAULT_CYCLE_INTERVAL,
    ENTRA_CLOCK_SKEW,
    LONGEST_CYCLE,
    MIN_CYCLE_DURATION,
    Cycle,
    time,
)
from hasten.limits import LOG_SETTLED_AFTER
from tests.unit.domain.rows import NOW, change


def parse(job: Mapping[str, Any] | None) -> Cycle:
    return cycle.parse(job, NOW + timedelta(hours=1))


def job(code: str = "Active", **status: Any) -> dict[str, Any]:
    return {"id": "j", "schedule": {"interval": "PT40M"}, "status": {"code": code, **status}}


def execution(began: datetime, minutes: int = 3) -> dict[str, str]:
    ended = began + timedelta(minutes=minutes)
    return {"timeBegan": graph_time(began), "timeEnded": graph_time(ended)}


def graph_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def test_a_cycle_covers_a_change_that_had_time_to_replicate_before_it_began() -> None:
    known = parse(job(lastSuccessfulExecution=execution(NOW)))

    assert known.covers(change(age=CYCLE_SEES_CHANGES_AFTER.total_seconds()))
    assert not known.covers(change(age=CYCLE_SEES_CHANGES_AFTER.total_seconds() - 1))


def test_a_cycle_sees_what_was_changed_two_minutes_or_more_before_it_began() -> None:
    known = Cycle(done_from=NOW)

    assert known.sees(NOW - CYCLE_SEES_CHANGES_AFTER)
    assert not known.sees(NOW - CYCLE_SEES_CHANGES_AFTER + timedelta(seconds=1))
    assert not Cycle().sees(NOW - timedelta(days=1))


def test_a_job_that_never_ran_covers_nothing_and_promises_nothing() -> None:
    known = parse(job(lastExecution=None, lastSuccessfulExecution=None))

    assert not known.covers(change(age=10_000))
    assert known.done_by(NOW) is None


def test_the_next_cycle_is_over_an_interval_after_the_last_began_plus_what_that_took() -> None:
    last = execution(NOW - timedelta(minutes=30), minutes=3)

    known = parse(job(lastExecution=last, lastSuccessfulExecution=last))

    assert known.done_by(NOW) == NOW + timedelta(minutes=13)


def test_a_cycle_that_is_overdue_counts_as_running_and_the_one_after_it_is_promised() -> None:
    known = Cycle(began=NOW - DEFAULT_CYCLE_INTERVAL - timedelta(minutes=5))

    assert known.done_by(NOW) == NOW + timedelta(minutes=35) + MIN_CYCLE_DURATION


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (
            {"code": "Quarantine", "quarantine": {"reason": "TooManyDeletes", "currentBegan": "x"}},
            "quarantine: TooManyDeletes",
        ),
        ({"code": "NotConfigured"}, "not configured"),
    ],
)
def test_a_job_that_provisions_nothing_is_trouble_with_a_next_action(
    status: dict[str, Any], word: str
) -> None:
    known = parse({"status": status})

    assert word in known.problem
    assert known.next_action
    assert known.done_by(NOW) is None


@pytest.mark.parametrize("code", ["Active", "Paused", "NotRun"])
def test_a_job_that_is_paused_or_has_not_run_yet_still_provisions_on_demand(code: str) -> None:
    assert not parse(job(code)).problem


def test_a_job_that_is_gone_is_trouble_of_its_own() -> None:
    assert parse(None).is_missing
    assert parse(None).problem


def test_graphs_seven_digits_and_its_unset_time_are_read() -> None:
    assert time("2026-03-02T09:00:00.1234567Z") == datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
    assert time("0001-01-01T00:00:00Z") is None
    assert time("2199-12-31T23:59:59Z") is not None


@pytest.mark.parametrize(
    ("began", "minutes"),
    [(1, 42), (0, 41), (-1, 40), (-40, 41), (-39, 2), (-41, 40), (-120, 41), (-81, 40)],
)
def test_the_next_cycle_begins_an_interval_after_one_that_has_begun(
    began: int, minutes: int
) -> None:
    known = Cycle(began=NOW + timedelta(minutes=began))

    assert known.done_by(NOW) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize("end", [{"done_from": NOW}, {"done_until": NOW + timedelta(hours=9)}])
def test_a_cycle_whose_begin_or_end_is_unknown_counts_as_short(end: dict[str, Any]) -> None:
    assert Cycle(began=NOW, **end).done_by(NOW) == NOW + timedelta(minutes=41)


def test_the_next_cycle_takes_as_long_as_the_longest() -> None:
    last = Cycle(began=NOW, done_from=NOW - LONGEST_CYCLE, done_until=NOW)

    assert last.done_by(NOW) == NOW + DEFAULT_CYCLE_INTERVAL + LONGEST_CYCLE


def test_a_cycle_that_has_only_the_last_success_began_with_it() -> None:
    last, good = execution(NOW - timedelta(minutes=1)), execution(NOW - timedelta(minutes=9))

    both = parse(job(lastExecution=last, lastSuccessfulExecution=good))
    only = parse(job(lastSuccessfulExecution=good))

    assert (both.began, both.done_from) == (NOW - timedelta(minutes=1), NOW - timedelta(minutes=9))
    assert both.done_until == NOW - timedelta(minutes=6)
    assert only.began == only.done_from == NOW - timedelta(minutes=9)


@pytest.mark.parametrize(
    ("code", "stops"),
    [("Paused", "is paused"), ("paused", "is paused"), ("Active", ""), (None, "")],
)
def test_a_job_that_is_paused_stops_what_is_left_to_its_cycle(code: str | None, stops: str) -> None:
    known = parse({"status": {"code": code}})

    assert known.is_paused is bool(stops)
    assert stops in (known.stops or ("",))[0]
    assert (known.stops is None) is (not stops)
    assert (known.next_step("wait") == "wait") is (not stops)


def test_the_next_cycle_of_a_paused_job_has_no_time_and_is_late_as_planned() -> None:
    known = Cycle(began=NOW, is_paused=True)

    assert known.done_by(NOW) is None
    assert known.planned_by(NOW) == NOW + timedelta(minutes=41)


def test_a_job_in_quarantine_says_since_when_and_stops_its_cycle() -> None:
    known = parse({"status": {"code": "Quarantine", "quarantine": {"currentBegan": "2026-03-02"}}})

    assert known.stops == (known.problem, known.next_action)
    assert known.problem == "the provisioning job is in quarantine: no reason given"
    assert known.problem_since == "2026-03-02"
    assert (known.is_missing, known.is_paused) == (False, False)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("PT20M", timedelta(minutes=20)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT1H", timedelta(hours=1)),
        ("PT30S", timedelta(seconds=30)),
        ("P2D", timedelta(days=2)),
        ("P7D", LONGEST_CYCLE),
        ("P7DT1S", DEFAULT_CYCLE_INTERVAL),
        ("PT0S", DEFAULT_CYCLE_INTERVAL),
        ("P", DEFAULT_CYCLE_INTERVAL),
        ("PT", DEFAULT_CYCLE_INTERVAL),
        ("every hour", DEFAULT_CYCLE_INTERVAL),
        ("", DEFAULT_CYCLE_INTERVAL),
        (None, DEFAULT_CYCLE_INTERVAL),
        (40, DEFAULT_CYCLE_INTERVAL),
        ("P9999999999999D", DEFAULT_CYCLE_INTERVAL),
        ("PT9999999S", DEFAULT_CYCLE_INTERVAL),
    ],
)
def test_the_interval_is_that_of_the_job_or_the_usual_one(
    text: object, interval: timedelta
) -> None:
    assert parse({"schedule": {"interval": text}}).interval == interval


NO_TIMES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1999-12-31T23:59:59Z",
    "2200-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59-14:00",
)


UNREADABLE = ("yesterday", "2026-03-02T09:00:00", "0001-01-01T00:00:00", "2026-13-02T09:00:00Z")


@pytest.mark.parametrize("text", [None, "", 7, {}, *NO_TIMES, *UNREADABLE])
def test_what_is_no_time_is_none(text: object) -> None:
    assert time(text) is None


@pytest.mark.parametrize("text", [*NO_TIMES, *UNREADABLE, "", 7])
def test_a_cycle_without_a_time_proves_nothing(text: object) -> None:
    run = {"timeBegan": text, "timeEnded": text}

    known = parse({"status": {"lastExecution": run, "lastSuccessfulExecution": run}})

    assert not known.covers(change(age=10_000))
    assert not known.sees(NOW)
    assert known.done_by(NOW) is None


@pytest.mark.parametrize("interval", ["P999999D", "PT999999H999999M999999S", "PT1S"])
@pytest.mark.parametrize("began", ["2000-01-01T00:00:00Z", graph_time(NOW)])
@pytest.mark.parametrize("ended", ["2000-01-01T00:00:00Z", graph_time(NOW), "2199-12-31T23:59:59Z"])
def test_the_end_of_the_next_cycle_is_near_for_any_interval_and_times(
    interval: str, began: str, ended: str
) -> None:
    run = {"timeBegan": began, "timeEnded": ended}
    status = {"lastExecution": run, "lastSuccessfulExecution": run}

    known = parse({"schedule": {"interval": interval}, "status": status})

    done_by = known.done_by(NOW)
    assert done_by is not None
    assert NOW < done_by <= NOW + 2 * LONGEST_CYCLE


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("began", "ended", "is_believed"),
    [
        (-SECOND, ENTRA_CLOCK_SKEW, True),
        (-SECOND, ENTRA_CLOCK_SKEW + SECOND, False),
        (ENTRA_CLOCK_SKEW, ENTRA_CLOCK_SKEW, True),
        (timedelta(days=1), timedelta(days=1), False),
        (-SECOND, -2 * SECOND, False),
        (timedelta(days=50_000), -SECOND, False),
        (-SECOND, None, False),
    ],
)
def test_a_cycle_that_cannot_have_ended_yet_ends_no_row(
    began: timedelta,
    ended: timedelta | None,
    is_believed: bool,  # noqa: FBT001 - a case
) -> None:
    run = {"timeBegan": graph_time(NOW + began), "timeEnded": ended and graph_time(NOW + ended)}

    known = cycle.parse(job(lastSuccessfulExecution=run), NOW)

    assert known.covers(change(age=1_000)) is is_believed
    assert known.sees(NOW - timedelta(hours=1)) is is_believed
    assert (known.done_from is None) is (known.done_until is None) is (not is_believed)


def test_a_cycle_that_begins_ahead_promises_nothing_and_the_last_successful_one_counts() -> None:
    ahead, good = execution(NOW + timedelta(days=1)), execution(NOW - timedelta(minutes=10))

    known = cycle.parse(job(lastExecution=ahead, lastSuccessfulExecution=good), NOW)

    assert cycle.parse(job(lastExecution=ahead), NOW).done_by(NOW) is None
    assert known.done_by(NOW) == NOW + timedelta(minutes=33)


@pytest.mark.parametrize(
    ("interval", "settled"),
    [(timedelta(minutes=40), LOG_SETTLED_AFTER), (timedelta(minutes=8), timedelta(minutes=4))],
)
def test_the_log_shows_a_cycle_after_a_while_and_before_the_next_one(
    interval: timedelta, settled: timedelta
) -> None:
    known = Cycle(done_from=NOW, done_until=NOW, interval=interval)

    assert not known.is_logged(NOW + settled - timedelta(seconds=1))
    assert known.is_logged(NOW + settled)
    assert not Cycle().is_logged(NOW)
