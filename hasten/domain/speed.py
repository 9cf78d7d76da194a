"""Counts how long the steps of changes take, as histograms that can be added up."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hasten.domain.changes import Action, State
from hasten.domain.history import Entry, EntryKind

FIRST_BOUND_SECONDS = 0.1
BOUND_GROWTH = 1.1
"""Each bucket is a tenth longer than the one before it: a percentile is right to a tenth."""

ANSWERED_STATES = frozenset({State.SUCCEEDED, State.IN_SYNC})
PROVEN_STATES = frozenset({State.CONFIRMED, State.DONE_BY_CYCLE})


class Step(StrEnum):
    CALL = "call"
    """The time from the notification to the call of Entra."""

    ANSWER = "answer"
    """The time from the call to Entra's answer that it is done."""

    DONE = "done"
    """The time from the notification to that answer."""

    PROOF = "proof"
    """The time from the notification to the proof: in the provisioning log, in the app, or by a
    cycle."""


class Direction(StrEnum):
    GIVEN = "given"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts` are numbers of durations by bucket; the bucket `n` ends at FIRST_BOUND_SECONDS *
    BOUND_GROWTH ** n
    seconds."""

    counts: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: "Histogram") -> "Histogram":
        return Histogram(dict(Counter(self.counts) + Counter(other.counts)))

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def percentile(self, percent: float) -> float | None:
        """Returns seconds that `percent` of the durations do not exceed, or None without any."""
        left = math.ceil(self.count * percent / 100)
        for bucket, count in sorted(self.counts.items()):
            left -= count
            if left <= 0:
                return upper_bound(bucket)
        return None

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Histogram":
        return cls(dict(Counter(map(bucket_of, seconds))))


@dataclass(frozen=True, slots=True)
class Day:
    """The durations of the changes of one target whose step ended on one day, and the number of
    outcomes by result."""

    steps: Mapping[tuple[Direction, Step], Histogram] = field(default_factory=dict)
    results: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Day") -> "Day":
        keys = self.steps.keys() | other.steps.keys()
        none = Histogram()
        steps = {key: self.steps.get(key, none) + other.steps.get(key, none) for key in keys}
        return Day(steps, dict(Counter(self.results) + Counter(other.results)))


def day_of_entries(entries: Iterable[Entry]) -> Day:
    """Counts the outcomes among entries of one target and one day."""
    seconds: dict[tuple[Direction, Step], list[float]] = {}
    results: Counter[str] = Counter()
    for entry in entries:
        if entry.kind is EntryKind.OUTCOME and entry.action:
            results[entry.result] += 1
            for key, duration in durations(entry):
                seconds.setdefault(key, []).append(duration)
    return Day({key: Histogram.of(found) for key, found in seconds.items()}, dict(results))


def durations(entry: Entry) -> Iterator[tuple[tuple[Direction, Step], float]]:
    """Yields the steps that end with the outcome, in seconds."""
    steps = entry.steps
    if steps.noticed is None or steps.ended is None:
        return
    taken = Action(entry.action).takes_access
    direction = Direction.TAKEN if taken else Direction.GIVEN
    whole = (steps.ended - steps.noticed).total_seconds()
    if entry.result in PROVEN_STATES:
        yield (direction, Step.PROOF), whole
    elif entry.result in ANSWERED_STATES:
        yield (direction, Step.DONE), whole
        if steps.called is not None:
            yield (direction, Step.CALL), (steps.called - steps.noticed).total_seconds()
            yield (direction, Step.ANSWER), (steps.ended - steps.called).total_seconds()


def bucket_of(seconds: float) -> int:
    ratio = max(seconds, FIRST_BOUND_SECONDS) / FIRST_BOUND_SECONDS
    return math.ceil(round(math.log(ratio, BOUND_GROWTH), 9))


def upper_bound(bucket: int) -> float:
    """Returns the longest duration of the bucket, in seconds."""
    return FIRST_BOUND_SECONDS * BOUND_GROWTH**bucket
