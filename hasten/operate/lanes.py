"""Turns a row, or an entry of the history, into the steps of a lane: from the notification to the
proof."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hasten.domain.changes import Change, State
from hasten.domain.history import Entry, EntryKind

PROVEN_STATES = frozenset({State.CONFIRMED, State.DONE_BY_CYCLE})


@dataclass(frozen=True, slots=True)
class LaneStep:
    """`kind` is noticed, found, called, answered, proven or expected."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One change of one group. `is_open` is set while more steps follow."""

    target: str
    group: str
    action: str
    state: str
    reason: str
    next_action: str
    steps: Sequence[LaneStep]
    is_open: bool

    @property
    def key(self) -> tuple[str, str, datetime]:
        """Names the change within its target and person."""
        return self.group, self.action, self.began

    def with_steps(self, more: Sequence[LaneStep]) -> "Lane":
        """Returns the lane with those steps that it does not have yet."""
        kinds = {step.kind for step in self.steps}
        added = [step for step in more if step.kind not in kinds]
        return replace(self, steps=sorted([*self.steps, *added], key=lambda step: step.at))

    @property
    def began(self) -> datetime:
        return self.steps[0].at

    def ends(self, now: datetime) -> datetime:
        """Returns the end of the axis: the last step, or now while the lane is open."""
        return max(self.steps[-1].at, now if self.is_open else self.steps[-1].at)


def of_row(row: Change) -> Lane:
    return Lane(
        target=row.target,
        group=row.group,
        action=row.action,
        state=row.state,
        reason=row.reason,
        next_action=row.next_action,
        steps=_steps(row.state, row.noticed_at, row.found_at, row.called_at, row.finished_at),
        is_open=row.is_open or row.needs_proof,
    )


def of_entry(entry: Entry) -> Lane | None:
    """Returns None for an entry that is no outcome of a change."""
    times = entry.steps
    if entry.kind is not EntryKind.OUTCOME or times.noticed is None:
        return None
    return Lane(
        target=entry.target,
        group=entry.group,
        action=entry.action,
        state=entry.result,
        reason=entry.reason,
        next_action=entry.next_action,
        steps=_steps(entry.result, times.noticed, times.found, times.called, times.ended),
        is_open=False,
    )


def _steps(state: str, *times: datetime | None) -> list[LaneStep]:
    """`times` are those at which the change was noticed, found and called, and at which it ended in
    `state`."""
    end = "answered" if state in {State.SUCCEEDED, State.IN_SYNC} else "ended"
    kinds = ("noticed", "found", "called", "proven" if state in PROVEN_STATES else end)
    steps = [LaneStep(kind, at) for kind, at in zip(kinds, times, strict=True) if at is not None]
    return sorted(steps, key=lambda step: step.at)
