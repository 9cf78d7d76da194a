"""Counts what is open, held and failed in a target, for the overview of all targets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.intents import Intent
from hasten.json import Json
from hasten.operate import cycle_waits, stuck
from hasten.operate.listed_people import ListedPerson, person
from hasten.operate.problems import Problem
from hasten.operate.silent_triggers import problem_of, silent_in
from hasten.records.open_rows import OpenRow

RECENT_OUTCOMES_AGE = timedelta(hours=24)
MAX_FAILURES_SHOWN = 20
MAX_FAILURES_COUNTED = 200


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

    @property
    def total(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Holds what the timer `wake` counts of a target. `wanted` and `held_intents` count the
    memberships that events want. `failed` are the first of the failures that nothing has mended, of
    `failures`: removals whenever they failed, and the others of 24 hours, MAX_FAILURES_COUNTED
    at most."""

    changes: OpenChanges = field(default_factory=OpenChanges)
    problems: Sequence[Problem] = ()
    wanted: int = 0
    held_intents: int = 0
    failed: Sequence[ListedPerson] = ()
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The changes of a target that nothing has proven yet, as the timer `verify` counted them.
    `left` counts the removals among them that wait for Entra's own cycle."""

    unproven: int = 0
    left: int = 0
    problems: Sequence[Problem] = ()


def of_open_rows(rows: Sequence[OpenRow]) -> OpenChanges:
    waiting = [row for row in rows if row.is_removal and not row.is_held]
    first = min(waiting, key=lambda row: row.noticed_at, default=None)
    return OpenChanges(
        states=dict(sorted(Counter(row.state for row in rows).items())),
        oldest=Oldest(
            user=first.user, group=first.group, since=datetime.fromisoformat(first.noticed_at)
        )
        if first
        else None,
    )


async def count(
    context: Context, target: str, rows: Sequence[Change], intents: Sequence[Intent]
) -> Json:
    """Returns what is stored of a target. `rows` are its open changes, and `intents` its open
    intents. Raises TemporaryError."""
    now = context.now()
    waiting = [row for row in rows if row.is_removal and row.state is not State.HELD]
    first = min(waiting, key=lambda row: row.noticed_at, default=None)
    failed = await context.ledger.failed_changes(
        target, now - RECENT_OUTCOMES_AGE, MAX_FAILURES_COUNTED, forget_mended=True
    )
    silent = await silent_in(context, target)
    return {
        "states": dict(sorted(Counter(str(row.state) for row in rows).items())),
        "oldest": {
            "user": first.user,
            "group": first.group,
            "since": first.noticed_at.isoformat(),
        }
        if first
        else None,
        "problems": _listed([*stuck.problems(rows, now), *map(problem_of, silent)]),
        "wanted": sum(not intent.held for intent in intents),
        "held_intents": sum(bool(intent.held) for intent in intents),
        "failed": [asdict(person(row)) for row in failed[:MAX_FAILURES_SHOWN]],
        "failures": len(failed),
    }


def counted(seen: Json) -> Counted:
    oldest = seen["oldest"]
    return Counted(
        changes=OpenChanges(
            states=seen["states"],
            oldest=Oldest(**{**oldest, "since": datetime.fromisoformat(oldest["since"])})
            if oldest
            else None,
        ),
        problems=_problems(seen),
        wanted=seen["wanted"],
        held_intents=seen["held_intents"],
        failed=[ListedPerson(**one) for one in seen["failed"]],
        failures=seen["failures"],
    )


def of_waits(rows: Sequence[Change], now: datetime) -> Json:
    """Returns what is stored of the changes that nothing has proven yet."""
    left = [row for row in rows if row.is_removal and row.state is State.LEFT_TO_CYCLE]
    return {
        "unproven": len(rows),
        "left": len(left),
        "problems": _listed(cycle_waits.problems(rows, now)),
    }


def waits(seen: Json) -> Waits:
    left = int(seen.get("left", 0))  # an older version has not counted them
    return Waits(unproven=int(seen["unproven"]), left=left, problems=_problems(seen))


def _problems(seen: Json) -> Sequence[Problem]:
    return [Problem(found, fix) for found, fix in seen["problems"]]


def _listed(problems: Sequence[Problem]) -> list[list[str]]:
    return [[problem.found, problem.fix] for problem in problems]
