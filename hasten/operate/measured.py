"""Turns what a timer saw of a target into what the overview shows of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hasten.domain.changes import Change, State
from hasten.json import Json
from hasten.operate import cycle_waits, stuck
from hasten.operate.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Oldest:
    """The open revocation that has waited longest. A held one waits for an operator and is not
    counted."""

    user: str
    group: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChanges:
    """The open changes of a target. `states` counts them by state."""

    states: Mapping[str, int] = field(default_factory=dict)
    oldest: Oldest | None = None
    problems: Sequence[Problem] = ()

    @property
    def total(self) -> int:
        return sum(self.states.values())


def of_changes(rows: Sequence[Change], now: datetime) -> OpenChanges:
    """Counts the open changes of a target. `rows` are all of them. What is held is counted and is
    no problem: it has a place of its own."""
    waiting = [row for row in rows if row.is_removal and row.state is not State.HELD]
    first = min(waiting, key=lambda row: row.noticed_at, default=None)
    return OpenChanges(
        states=dict(sorted(Counter(str(row.state) for row in rows).items())),
        oldest=Oldest(user=first.user, group=first.group, since=first.noticed_at)
        if first
        else None,
        problems=stuck.problems(rows, now),
    )


def of_waits(rows: Sequence[Change], now: datetime) -> Json:
    """Returns what `Part.CYCLE` stores of the changes that nothing has proven yet."""
    return {"unproven": len(rows), "problems": _listed(cycle_waits.problems(rows, now))}


def stored(changes: OpenChanges) -> Json:
    oldest = changes.oldest
    return {
        "states": dict(changes.states),
        "oldest": {**_fields(oldest), "since": oldest.since.isoformat()} if oldest else None,
        "problems": _listed(changes.problems),
    }


def changes_of(seen: Json | None) -> OpenChanges:
    if seen is None:
        return OpenChanges()
    oldest = seen["oldest"]
    return OpenChanges(
        states=seen["states"],
        oldest=Oldest(**{**oldest, "since": datetime.fromisoformat(oldest["since"])})
        if oldest
        else None,
        problems=problems_of(seen),
    )


def problems_of(seen: Json | None) -> Sequence[Problem]:
    return [Problem(found, fix) for found, fix in seen["problems"]] if seen else []


def _fields(oldest: Oldest) -> dict[str, str]:
    return {"user": oldest.user, "group": oldest.group}


def _listed(problems: Sequence[Problem]) -> list[list[str]]:
    return [[problem.found, problem.fix] for problem in problems]
