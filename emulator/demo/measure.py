"""Measures how long each change took, from the notifications that Graph sent and the calls that it
received. Does no I/O."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CALLS, SECONDS = 5, 10.0
"""Graph's window for on-demand calls."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What the administrator did, in epoch seconds."""

    what: str
    user: str
    name: str
    group: str
    removed: bool
    at: float
    by_cycle: bool = False
    """True if the user keeps another assignment: no document says that a call takes the user out of
    the group."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One on-demand request as Graph received it."""

    at: float
    ended_at: float
    group: str | None
    users: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Course:
    """The course of a change; a step that never happened is None."""

    change: Change
    notified_at: float | None
    call: Call | None
    held: float
    """Seconds of the wait in which no call was allowed: Graph's window was full, or an earlier call
    for the same user had not ended."""
    in_app_at: float | None
    calls: int = 0
    """Number of calls for the change until it was in the app."""

    @property
    def own(self) -> float | None:
        """Returns the seconds that Hasten itself took between the notification and the call."""
        if self.notified_at is None or self.call is None:
            return None
        return self.call.at - self.notified_at - self.held


def calls(requests: Iterable[Json]) -> list[Call]:
    """Returns the requests that Graph accepted (not those it answered with 429)."""
    return [_call(request) for request in requests if not request["throttled"]]


def _call(request: Json) -> Call:
    [parameters] = request["body"]["parameters"]
    [subject] = parameters["subjects"]
    is_group = subject["objectTypeName"] == "Group"
    named = subject["links"]["members"] if is_group else [subject]
    return Call(
        at=request["started_at"],
        ended_at=request["ended_at"] or math.inf,
        group=subject["objectId"] if is_group else None,
        users=frozenset(subject["objectId"] for subject in named),
    )


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
            (w["at"] for w in writes if w["at"] >= call.at and _brings_about(w, change)), None
        )
    held = 0.0
    if notified is not None and call is not None:
        busy = [(c.at, c.ended_at) for c in called if change.user in c.users and c is not call]
        held = sum(
            max(0.0, min(end, call.at) - max(start, notified))
            for start, end in merged([*full(called), *busy])
        )
    until = math.inf if in_app is None else in_app
    times = sum(change.at <= c.at <= until and _serves(c, change) for c in called)
    return Course(
        change=change, notified_at=notified, call=call, held=held, in_app_at=in_app, calls=times
    )


def _tells(row: Json, change: Change) -> bool:
    side = row["removed"] if change.removed else set(row["users"]) - set(row["removed"])
    return row["group"] == change.group and change.user in side


def _brings_about(write: Json, change: Change) -> bool:
    """Returns whether a write in the app gives or takes what the change is about."""
    if write["user"] != change.user:
        return False
    if not change.removed:
        return write["what"] in {"create", "enable", "join"}
    is_group = write["what"] == "leave" and write["group"] == change.group
    return is_group or write["what"] in {"disable", "delete"}


def _serves(call: Call, change: Change) -> bool:
    """Returns whether the call serves the change. A call for the user may serve a removal, if the
    user has no assignment left."""
    return change.user in call.users and (
        call.group == change.group or (change.removed and call.group is None)
    )


def full(called: Sequence[Call]) -> list[tuple[float, float]]:
    """Returns the intervals in which CALLS calls lay within the last SECONDS."""
    times = sorted(call.at for call in called)
    pairs = zip(times, times[CALLS - 1 :], strict=False)
    return [(last, first + SECONDS) for first, last in pairs if last < first + SECONDS]


def merged(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Returns the same time as intervals without overlaps."""
    apart: list[tuple[float, float]] = []
    for start, end in sorted(stretches):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def called_too_often(courses: Iterable[Course], most: int) -> list[str]:
    """Returns the users for one of whose changes more than `most` calls were made."""
    return sorted({course.change.name for course in courses if course.calls > most})


def percentile(values: Sequence[float], percent: int) -> float:
    """Returns the nearest-rank percentile."""
    ordered = sorted(values)
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]
