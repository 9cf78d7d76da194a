"""Places the steps of a lane on an axis, in per cent of its width."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.operate.lanes import Lane

STEP_NAMES = {
    "noticed": "noticed",
    "found": "found in Entra ID",
    "called": "Entra ID called",
    "answered": "answered",
    "proven": "proven",
    "ended": "ended",
}
SPAN_STYLES = {"noticed": "wait-span", "found": "wait-span", "called": "call-span"}
"""The style of the part that begins with a step."""

OPEN_STYLE = "open-span"
EDGE_PERCENT = 1.5
"""Per cent left free at both ends, so that the first and last mark are whole."""


@dataclass(frozen=True, slots=True)
class Span:
    left: float
    width: float
    style: str


@dataclass(frozen=True, slots=True)
class Mark:
    """`after` is in seconds since the first step."""

    name: str
    at: datetime
    after: float
    place: float


@dataclass(frozen=True, slots=True)
class Drawn:
    parts: Sequence[Span]
    marks: Sequence[Mark]
    seconds: float


def drawn(lane: Lane, now: datetime) -> Drawn:
    """Each lane has an axis of its own: one change takes seconds, another waits for a cycle."""
    first, last = lane.began, lane.ends(now)
    whole = max((last - first).total_seconds(), 0.001)

    def place(at: datetime) -> float:
        share = (at - first).total_seconds() / whole
        return round(EDGE_PERCENT + share * (100 - 2 * EDGE_PERCENT), 2)

    marks = [
        Mark(
            STEP_NAMES[step.kind],
            step.at,
            round((step.at - first).total_seconds(), 1),
            place(step.at),
        )
        for step in lane.steps
    ]
    parts = [
        Span(
            start.place, round(end.place - start.place, 2), SPAN_STYLES.get(step.kind, "proof-span")
        )
        for step, start, end in zip(lane.steps, marks, marks[1:], strict=False)
    ]
    if lane.is_open:
        begun = marks[-1].place
        parts.append(Span(begun, round(100 - EDGE_PERCENT - begun, 2), OPEN_STYLE))
    return Drawn(parts, marks, whole)
