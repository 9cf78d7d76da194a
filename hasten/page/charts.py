"""Places histograms and percentiles on a drawing. The axis of time is logarithmic: a call takes
seconds, and a cycle of Entra takes 40 minutes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL
from hasten.domain.speed import Histogram, upper_bound
from hasten.page.words import span

WIDTH, HEIGHT, BASE = 640, 240, 200
LEFT_X, RIGHT_X = 20, 620
SHORTEST, LONGEST = 0.1, 86_400.0
BUCKETS_PER_BAR = 4
TICKS_SECONDS = (1, 10, 60, 600, 3600, 36_000)
CYCLE_SECONDS = DEFAULT_CYCLE_INTERVAL.total_seconds()


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`cycle` is the place of Entra's cycle on the axis."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    cycle: float


def place(seconds: float) -> float:
    """Returns the place on the axis; beyond its ends the end."""
    inside = min(max(seconds, SHORTEST), LONGEST)
    share = math.log(inside / SHORTEST) / math.log(LONGEST / SHORTEST)
    return round(LEFT_X + share * (RIGHT_X - LEFT_X), 1)


def histogram(found: Histogram) -> Chart:
    """Draws how many changes took how long."""
    together: dict[int, int] = {}
    for bucket, count in found.counts.items():
        group = bucket // BUCKETS_PER_BAR
        together[group] = together.get(group, 0) + count
    most = max(together.values(), default=1)
    bars = []
    for group, count in sorted(together.items()):
        shortest = upper_bound(group * BUCKETS_PER_BAR - 1)
        longest = upper_bound((group + 1) * BUCKETS_PER_BAR - 1)
        left, right = place(shortest), place(longest)
        height = round(max(2, count / most * (BASE - 20)), 1)
        bars.append(
            Bar(
                left,
                round(BASE - height, 1),
                round(max(2, right - left - 1), 1),
                height,
                f"{count} within {span(longest)}",
            )
        )
    return Chart(bars, _ticks(), place(CYCLE_SECONDS))


@dataclass(frozen=True, slots=True)
class Reach:
    """One day: from the median to the 95th percentile."""

    day: str
    count: int
    median: float
    p95: float
    x: float
    width: float


def reach(day: str, found: Histogram) -> Reach | None:
    """Returns None for a day without any change."""
    median, p95 = found.percentile(50), found.percentile(95)
    if median is None or p95 is None:
        return None
    left = place(median)
    return Reach(day, found.count, median, p95, left, round(max(3, place(p95) - left), 1))


def _ticks() -> Sequence[Tick]:
    return [Tick(place(seconds), span(seconds).replace(".0", "")) for seconds in TICKS_SECONDS]
