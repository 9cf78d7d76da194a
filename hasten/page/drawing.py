"""Places the steps of a lane on an axis, in per cent of its width."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hasten.operate.lanes import Lane

NAMES = {
    "noticed": "noticed",
    "found": "found in Entra ID",
    "called": "Entra ID called",
    "answered": "answered",
    "proven": "proven",
    "ended": "ended",
}
STYLES = {"noticed": "wait-span", "found": "wait-span", "called": "call-span"}
"""The style of the part that begins with a step."""

OPEN = "open-span"
EDGE = 1.5
"""Per cent left free at both ends, so that the first and last mark are whole."""


@dataclass(frozen=True, slots=True)
class Part:
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
    parts: Sequence[Part]
    marks: Sequence[Mark]
    seconds: float


def drawn(lane: Lane, now: datetime) -> Drawn:
    """Each lane has an axis of its own: one change takes seconds, another waits for a cycle."""
    first, last = lane.began, lane.ends(now)
    whole = max((last - first).total_seconds(), 0.001)

    def place(at: datetime) -> float:
        share = (at - first).total_seconds() / whole
        return round(EDGE + share * (100 - 2 * EDGE), 2)

    marks = [
        Mark(
            NAMES[step.kind],
            step.at,
            round((step.at - first).total_seconds(), 1),
            place(step.at),
        )
        for step in lane.steps
    ]
    parts = [
        Part(start.place, round(end.place - start.place, 2), STYLES.get(step.kind, "proof-span"))
        for step, start, end in zip(lane.steps, marks, marks[1:], strict=False)
    ]
    if lane.is_open:
        begun = marks[-1].place
        parts.append(Part(begun, round(100 - EDGE - begun, 2), OPEN))
    return Drawn(parts, marks, whole)
