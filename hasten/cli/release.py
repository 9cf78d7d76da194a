"""`release` and `discard`: decide about held changes."""

from collections import Counter
from collections.abc import Sequence
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
from hasten.operate.decide import DecidedChanges, HeldAction, decide
from hasten.operate.held import ChosenChanges, choose_held
from hasten.operate.problems import Problem
from hasten.operate.release import STILL_DONE

TargetName = Annotated[str, typer.Argument(help="Name in targets.yaml.", callback=filled)]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        help="Object id, display name, `direct` or `person`; default: all groups.",
        callback=filled,
    ),
]
Users = Annotated[
    list[str] | None,
    typer.Option(
        "--user", help="Object id, UPN, mail or employeeId; default: all users.", callback=filled
    ),
]
Reason = Annotated[
    str | None, typer.Option("--reason", help="Reason; the history shows it.", callback=filled)
]
SECOND_PERSON = "another operator has to release them too, within 24 hours"


@dataclass(frozen=True, slots=True)
class HeldPerson:
    user: str
    group: str
    action: str
    held_by: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """`outcome` is planned, released, discarded, proposed or failed; `moved` counts the changes
    that were still held, and `proposed` those that wait for a second operator. `problem` says why
    Hasten stopped before it had decided about all of them."""

    target: str
    outcome: str
    held: Sequence[HeldPerson]
    moved: int
    problem: Problem | None = None
    proposed: int = 0


def release(
    target: TargetName,
    *,
    group: Groups = None,
    user: Users = None,
    reason: Reason = None,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Releases held changes. Hasten then calls for them."""
    _decide(
        target,
        group,
        user,
        settings,
        does="Called as soon as the pace allows",
        done="released",
        yes=yes,
        json=json,
        decision=HeldAction.RELEASE,
        reason=reason,
    )


def discard(
    target: TargetName,
    *,
    group: Groups = None,
    user: Users = None,
    reason: Reason = None,
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
        decision=HeldAction.DISCARD,
        reason=reason,
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
    decision: HeldAction,
    reason: str | None,
) -> None:
    async def decide_now(operator: Operator, name: str, held: ChosenChanges) -> DecidedChanges:
        return await decide(
            operator.context,
            name,
            held,
            decision,
            by=await operator.who(),
            reason=(reason or "").strip(),
        )

    async def work(operator: Operator) -> Code:
        [known] = chosen(operator, target)
        held = await choose_held(
            operator.context, known.name, groups=groups or (), users=users or ()
        )
        if json:
            decided = (
                await decide_now(operator, known.name, held)
                if yes and held
                else DecidedChanges(moved=0)
            )
            outcome = _outcome(decided, done if yes else "planned")
            as_json_object(
                ReleaseResult(
                    known.name,
                    outcome,
                    _people(held),
                    decided.moved,
                    decided.problem,
                    decided.proposed,
                )
            )
            return Code.PROBLEM if decided.problem else Code.FINE
        if not held:
            say("Nothing is held.")
            return Code.FINE
        for line in (*_changes(held.changes), *_wishes(held.intents)):
            say(line)
        say(f"{does}.")
        if not (yes or typer.confirm(f"{len(held)} of {known.name}: go on?")):
            say("Nothing was done.")
            return Code.PROBLEM
        decided = await decide_now(operator, known.name, held)
        say(f"{decided.moved} {done}.")
        if decided.proposed:
            say(f"{decided.proposed} proposed: {SECOND_PERSON}.")
        if decided.problem:
            complain(str(decided.problem))
            return Code.PROBLEM
        left = len(held) - decided.moved - decided.proposed
        if left:
            say(f"{left} changed meanwhile and were left as they are.")
        return Code.FINE

    run(settings, work)


def _outcome(decided: DecidedChanges, done: str) -> str:
    if decided.problem:
        return "failed"
    return "proposed" if decided.proposed and not decided.moved else done


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
