"""Says how fast Hasten was, per day and target, for the page and the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.speed import Direction, Histogram, Step
from hasten.records import speed

EMPTY_HISTOGRAM = Histogram()

MAX_RUN_TIME = timedelta(seconds=10)
"""Maximum time for which one run counts: the timer comes every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """The changes of `target` that ended on `day`. `durations` are histograms of seconds by
    direction and step; `results` counts outcomes."""

    target: str
    day: str
    durations: Mapping[tuple[Direction, Step], Histogram]
    results: Mapping[str, int]

    def of(self, direction: Direction, step: Step) -> Histogram:
        return self.durations.get((direction, step), EMPTY_HISTOGRAM)


async def speed_of(context: Context, targets: Sequence[str], since: datetime) -> list[Speed]:
    """Returns one value for each target and day, by target and then by day. It takes one request to
    the store for each target. Raises TemporaryError and PermanentError of the store."""
    return [
        Speed(target=target, day=day, durations=counted.steps, results=counted.results)
        for target in targets
        for day, counted in (await speed.days(context.store, target, since)).items()
    ]


def total(found: Sequence[Speed], direction: Direction, step: Step) -> Histogram:
    """Returns the durations of all of them together."""
    return sum((one.of(direction, step) for one in found), Histogram())


async def fold_speed(context: Context) -> None:
    """Counts what was sealed since the last time. Raises TemporaryError and PermanentError of the
    store."""
    until = context.now() + MAX_RUN_TIME
    while await speed.fold(context.store) and context.now() < until:
        pass
