"""Histograms of durations: percentiles are right to a tenth, and days add up."""

from datetime import UTC, datetime, timedelta

import pytest

from hasten.domain.history import Entry, EntryKind, Steps
from hasten.domain.speed import (
    BOUND_GROWTH,
    Day,
    Direction,
    Histogram,
    Step,
    bucket_of,
    day_of_entries,
    upper_bound,
)

AT = datetime(2026, 11, 1, tzinfo=UTC)


def ended(result: str, action: str, *, call: float, end: float) -> Entry:
    return Entry(
        id="1",
        at=AT,
        kind=EntryKind.OUTCOME,
        action=action,
        result=result,
        steps=Steps(
            noticed=AT,
            called=AT + timedelta(seconds=call),
            ended=AT + timedelta(seconds=end),
        ),
    )


@pytest.mark.parametrize("seconds", [0, 0.05, 0.1, 0.11, 1, 299.9, 300, 2400, 10**6])
def test_a_duration_is_in_the_bucket_that_ends_after_it(seconds: float) -> None:
    bucket = bucket_of(seconds)

    assert seconds <= upper_bound(bucket) * 1.000001
    assert bucket == 0 or upper_bound(bucket - 1) < seconds


@pytest.mark.parametrize("percent", [50, 90, 95, 99, 100])
def test_a_percentile_is_right_to_a_tenth(percent: int) -> None:
    seconds = [0.2 * 1.0043**number for number in range(2_000)]
    true = seconds[-(-len(seconds) * percent // 100) - 1]

    said = Histogram.of(seconds).percentile(percent)

    assert said is not None
    assert true <= said <= true * BOUND_GROWTH * 1.000001


def test_no_duration_has_no_percentile() -> None:
    assert Histogram().percentile(50) is None


def test_the_sum_of_days_is_the_day_of_the_sum() -> None:
    entries = [
        ended("succeeded", "removed", call=2, end=5),
        ended("confirmed", "removed", call=2, end=70),
        ended("succeeded", "added", call=1, end=4),
        ended("failed", "added", call=1, end=9),
    ]

    one_by_one = sum((day_of_entries([entry]) for entry in entries), Day())
    together = day_of_entries(entries)

    assert one_by_one == together
    assert together.results == {"succeeded": 2, "confirmed": 1, "failed": 1}
    counts = {key: histogram.count for key, histogram in together.steps.items()}
    assert counts == {
        (Direction.TAKEN, Step.CALL): 1,
        (Direction.TAKEN, Step.ANSWER): 1,
        (Direction.TAKEN, Step.DONE): 1,
        (Direction.TAKEN, Step.PROOF): 1,
        (Direction.GIVEN, Step.CALL): 1,
        (Direction.GIVEN, Step.ANSWER): 1,
        (Direction.GIVEN, Step.DONE): 1,
    }
