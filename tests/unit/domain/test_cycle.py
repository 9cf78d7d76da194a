"""Entra's own cycle, read from the job's status."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hasten.domain.cycle import (
    CYCLE_SEES_CHANGES_AFTER,
    DEFAULT_CYCLE_INTERVAL,
    MIN_CYCLE_DURATION,
    Cycle,
    parse,
    time,
)
from tests.unit.domain.rows import NOW, change


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
