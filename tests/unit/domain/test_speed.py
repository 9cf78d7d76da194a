"""Histograms of durations: percentiles are right to a tenth, and days add up."""

from dataclasses import replace
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
    durations,
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


@pytest.mark.parametrize("kind", [EntryKind.ALERT, EntryKind.OUTCOME])
@pytest.mark.parametrize("action", ["", "removed"])
def test_only_the_outcome_of_a_change_is_counted(kind: EntryKind, action: str) -> None:
    entry = replace(ended("succeeded", action, call=1, end=2), kind=kind)

    is_counted = kind is EntryKind.OUTCOME and action == "removed"
    assert day_of_entries([entry]).results == ({"succeeded": 1} if is_counted else {})


@pytest.mark.parametrize("missing", ["noticed", "ended"])
def test_an_outcome_without_a_begin_or_an_end_has_no_duration(missing: str) -> None:
    whole = ended("succeeded", "removed", call=1, end=2)
    entry = replace(whole, steps=replace(whole.steps, **{missing: None}))

    assert list(durations(entry)) == []
    assert day_of_entries([entry]).results == {"succeeded": 1}


@pytest.mark.parametrize("result", ["succeeded", "in_sync", "confirmed", "done_by_cycle"])
@pytest.mark.parametrize("action", ["added", "disabled"])
def test_the_steps_of_a_change_take_as_long_as_their_times_say(result: str, action: str) -> None:
    entry = ended(result, action, call=2, end=7)
    of = Direction.TAKEN if action == "disabled" else Direction.GIVEN

    found = dict(durations(entry))

    if result in {"confirmed", "done_by_cycle"}:
        assert found == {(of, Step.PROOF): 7}
    else:
        assert found == {(of, Step.DONE): 7, (of, Step.CALL): 2, (of, Step.ANSWER): 5}
        uncalled = replace(entry, steps=replace(entry.steps, called=None))
        assert dict(durations(uncalled)) == {(of, Step.DONE): 7}


@pytest.mark.parametrize(("seconds", "bucket"), [(0.1, 0), (0.11, 1), (0.1101, 2), (0.1211, 3)])
def test_a_bucket_ends_with_its_bound(seconds: float, bucket: int) -> None:
    assert bucket_of(seconds) == bucket


def test_percentiles_of_few_durations_are_theirs() -> None:
    two = Histogram({0: 1, 10: 1})

    assert [two.percentile(percent) for percent in (1, 50, 51, 100)] == [
        upper_bound(0),
        upper_bound(0),
        upper_bound(10),
        upper_bound(10),
    ]
    assert (two + two).counts == {0: 2, 10: 2}
    assert (two + two).count == 4


@pytest.mark.parametrize(("above", "bucket"), [(0.0, 5), (3e-10, 5), (3e-9, 6)])
def test_a_duration_at_the_end_of_a_bucket_is_in_it_in_spite_of_rounding(
    above: float, bucket: int
) -> None:
    assert bucket_of(0.1 * BOUND_GROWTH ** (5 + above)) == bucket
