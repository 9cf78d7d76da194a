"""From what Graph saw (notifications it sent, calls it got) to what each change took. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CALLS, SECONDS = 5, 10.0
"""Graph's window on on-demand calls."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the administrator did, at epoch seconds."""

    what: str
    user: str
    name: str
    group: str
    removed: bool
    at: float


@dataclass(frozen=True, kw_only=True)
class Call:
    """One on-demand request as Graph got it."""

    at: float
    group: str | None
    users: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What became of a change; a step that never came is None."""

    change: Change
    notified_at: float | None
    call: Call | None
    held: float
    """Seconds of the wait in which Graph's window was full and no call was allowed."""
    in_app_at: float | None

    @property
    def own(self) -> float | None:
        """Seconds that Hasten itself took between the notification and the call."""
        if self.notified_at is None or self.call is None:
            return None
        return self.call.at - self.notified_at - self.held


def calls(requests: Iterable[Json]) -> list[Call]:
    """The requests that Graph took (not those it answered with 429)."""
    return [_call(request) for request in requests if not request["throttled"]]


def _call(request: Json) -> Call:
    [parameters] = request["body"]["parameters"]
    [subject] = parameters["subjects"]
    if subject["objectTypeName"] != "Group":
        return Call(at=request["started_at"], group=None, users=frozenset({subject["objectId"]}))
    members = frozenset(member["objectId"] for member in subject["links"]["members"])
    return Call(at=request["started_at"], group=subject["objectId"], users=members)


def course(
    change: Change, deliveries: Sequence[Json], called: Sequence[Call], writes: Sequence[Json]
) -> Course:
    notified = min(
        (
            row["at"]
            for row in deliveries
            if row["delivered"] and row["at"] >= change.at and _tells(row, change)
        ),
        default=None,
    )
    call = next((c for c in called if c.at >= change.at and _serves(c, change)), None)
    in_app = None
    if call is not None:
        in_app = next(
            (w["at"] for w in writes if w["at"] >= call.at and w["user"] == change.user), None
        )
    held = 0.0
    if notified is not None and call is not None:
        held = sum(
            max(0.0, min(end, call.at) - max(start, notified)) for start, end in full(called)
        )
    return Course(change=change, notified_at=notified, call=call, held=held, in_app_at=in_app)


def _tells(row: Json, change: Change) -> bool:
    side = row["removed"] if change.removed else set(row["users"]) - set(row["removed"])
    return row["group"] == change.group and change.user in side


def _serves(call: Call, change: Change) -> bool:
    """A removal may be served by a call on the user, who then has no assignment left."""
    return change.user in call.users and (
        call.group == change.group or (change.removed and call.group is None)
    )


def full(called: Sequence[Call]) -> list[tuple[float, float]]:
    """The stretches in which CALLS calls lay within the last SECONDS."""
    times = sorted(call.at for call in called)
    stretches: list[tuple[float, float]] = []
    for first, last in zip(times, times[CALLS - 1 :], strict=False):
        start, end = last, first + SECONDS
        if start >= end:
            continue
        if stretches and start <= stretches[-1][1]:
            start = stretches.pop()[0]
        stretches.append((start, end))
    return stretches


def called_too_often(changes: Iterable[Change], called: Iterable[Call]) -> list[str]:
    """Users who were named in more calls than they had changes."""
    expected = Counter(change.user for change in changes)
    named = Counter(user for call in called for user in call.users)
    return sorted(user for user, times in named.items() if times > expected[user])


def percentile(values: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]
