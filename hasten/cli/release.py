"""`release` and `discard`: decide about held changes."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json_object, complain, say
from hasten.cli.running import AsJson, Code, SettingsFile, Yes, chosen, filled, run
from hasten.domain.changes import Action, Change, HeldBy
from hasten.domain.intents import Intent
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.held import ChosenChanges, choose_held, still_held
from hasten.operate.problems import Problem, of_error
from hasten.operate.release import STILL_DONE, discard_changes, release_changes
from hasten.operate.release_intents import discard_intents, release_intents

TargetName = Annotated[str, typer.Argument(help="Name in targets.yaml.", callback=filled)]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        help="Object id, display name, `direct` or `person`; default: all.",
        callback=filled,
    ),
]
Users = Annotated[
    list[str] | None,
    typer.Option(
        "--user", help="Object id, UPN, mail or employeeId; default: all.", callback=filled
    ),
]


@dataclass(frozen=True, slots=True)
class HeldPerson:
    user: str
    group: str
    action: str
    held_by: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """`outcome` is planned, released, discarded or failed; `moved` counts the changes that were
    still held. `problem` says why Hasten stopped before it had decided about all of them."""

    target: str
    outcome: str
    held: Sequence[HeldPerson]
    moved: int
    problem: Problem | None = None


Do = Callable[[Operator, str, ChosenChanges], Awaitable[int]]


def release(
    target: TargetName,
    *,
    group: Groups = None,
    user: Users = None,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Releases held changes, so that Hasten calls them after all."""
    _decide(
        target,
        group,
        user,
        settings,
        does="Called as soon as the pace allows",
        done="released",
        yes=yes,
        json=json,
        do=_release,
    )


def discard(
    target: TargetName,
    *,
    group: Groups = None,
    user: Users = None,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Ends held changes without a call."""
    _decide(
        target,
        group,
        user,
        settings,
        does=f"Ended without a call. {STILL_DONE}",
        done="discarded",
        yes=yes,
        json=json,
        do=_discard,
    )


def _decide(
    target: str,
    groups: Sequence[str] | None,
    users: Sequence[str] | None,
    settings: Path | None,
    *,
    does: str,
    done: str,
    yes: bool,
    json: bool,
    do: Do,
) -> None:
    async def work(operator: Operator) -> Code:
        [known] = chosen(operator, target)
        held = await choose_held(
            operator.context, known.name, groups=groups or (), users=users or ()
        )
        if json:
            moved, problem = 0, None
            if yes and held:
                moved, problem = await _done(operator, known.name, held, do)
            outcome = "failed" if problem else done if yes else "planned"
            as_json_object(Decided(known.name, outcome, _people(held), moved, problem))
            return Code.PROBLEM if problem else Code.FINE
        if not held:
            say("Nothing is held.")
            return Code.FINE
        for line in (*_changes(held.changes), *_wishes(held.intents)):
            say(line)
        say(f"{does}.")
        if not (yes or typer.confirm(f"{len(held)} of {known.name}: go on?")):
            say("Nothing was done.")
            return Code.PROBLEM
        moved, problem = await _done(operator, known.name, held, do)
        say(f"{moved} {done}.")
        if problem:
            complain(str(problem))
            return Code.PROBLEM
        if moved < len(held):
            say(f"{len(held) - moved} changed meanwhile and were left as they are.")
        return Code.FINE

    run(settings, work)


async def _done(
    operator: Operator, target: str, held: ChosenChanges, do: Do
) -> tuple[int, Problem | None]:
    """Returns how many changes were decided, and the error that ended the work, if any. Raises
    PermanentError and TemporaryError if nothing was decided."""
    try:
        return await do(operator, target, held), None
    except (PermanentError, TemporaryError) as error:
        moved = len(held) - await still_held(operator.context, target, held)
        if not moved:
            raise
        return moved, of_error(error)


def _people(held: ChosenChanges) -> list[HeldPerson]:
    return [
        *(
            HeldPerson(c.user, c.group, c.action, str(c.held_by), c.reason, c.found_at)
            for c in held.changes
        ),
        *(
            HeldPerson(i.user, i.group, Action.REMOVED, HeldBy.BRAKE, i.held, i.recorded_at)
            for i in held.intents
        ),
    ]


async def _release(operator: Operator, target: str, held: ChosenChanges) -> int:
    rows, intents = held.changes, held.intents
    moved = len(await release_changes(operator.context, target, rows)) if rows else 0
    return moved + len(await release_intents(operator.context, target, intents))


async def _discard(operator: Operator, target: str, held: ChosenChanges) -> int:
    rows, intents = held.changes, held.intents
    moved = len(await discard_changes(operator.context, target, rows)) if rows else 0
    return moved + len(await discard_intents(operator.context, target, intents))


def _changes(held: Sequence[Change]) -> list[str]:
    """Describes the changes of each group. The last reason of a group counts all users who left
    it."""
    ordered = sorted(held, key=lambda row: row.found_at)
    counted = Counter((row.group, row.action, row.held_by) for row in ordered)
    reasons = {(row.group, row.action, row.held_by): row.reason for row in ordered}
    return [
        f"{count} {action} of group {group}, held by {by}: {reasons[group, action, by]}"
        for (group, action, by), count in sorted(counted.items())
    ]


def _wishes(held: Sequence[Intent]) -> list[str]:
    ordered = sorted(held, key=lambda intent: intent.recorded_at)
    counted = Counter(intent.group for intent in ordered)
    reasons = {intent.group: intent.held for intent in ordered}
    return [
        f"{count} to be removed from group {group} by events, held by brake: {reasons[group]}"
        for group, count in sorted(counted.items())
    ]
