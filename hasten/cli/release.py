"""`release` and `discard`: decide about held changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, Reason, SettingsFile, Yes, filled
from hasten.cli.printing import as_json_object, complain, say
from hasten.cli.running import Code, checked, chosen, run
from hasten.domain.changes import Action, Change, HeldBy
from hasten.domain.intents import Intent
from hasten.operate.decide import DecidedChanges, HeldAction, decide
from hasten.operate.held import ChosenChanges, choose_held
from hasten.operate.held_list import MEMBERSHIP_STAYS
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
DONE = {HeldAction.RELEASE: "released", HeldAction.DISCARD: "discarded"}
MEANS = {
    HeldAction.RELEASE: ("Called as soon as the pace allows", "Removed as soon as Graph takes it"),
    HeldAction.DISCARD: (f"Ended without a call. {STILL_DONE}", MEMBERSHIP_STAYS),
}
"""What a decision means for a change, and for a membership that an event wants to end."""

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
    _decide(HeldAction.RELEASE, target, group, user, settings, reason=reason, yes=yes, json=json)


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
    _decide(HeldAction.DISCARD, target, group, user, settings, reason=reason, yes=yes, json=json)


def _decide(
    decision: HeldAction,
    target: str,
    groups: Sequence[str] | None,
    users: Sequence[str] | None,
    settings: Path | None,
    *,
    reason: str | None,
    yes: bool,
    json: bool,
) -> None:
    async def work(operator: Operator) -> Code:
        context, [known] = operator.context, chosen(operator, target)
        held = await choose_held(context, known.name, groups=groups or (), users=users or ())

        async def act() -> DecidedChanges:
            by, why = await operator.who(), (reason or "").strip()
            return await decide(context, known.name, held, decision, by=by, reason=why)

        if json:
            decided = await act() if yes and held else DecidedChanges(moved=0)
            outcome = _outcome(decided, DONE[decision] if yes else "planned")
            people, moved, proposed = _people(held), decided.moved, decided.proposed
            as_json_object(
                ReleaseResult(known.name, outcome, people, moved, decided.problem, proposed)
            )
            if not held:
                return await checked(operator)
            return Code.PROBLEM if decided.problem else Code.FINE
        if not held:
            say("Nothing is held.")
            return await checked(operator)
        of_change, of_wish = MEANS[decision]
        for lines, means in (
            (_changes(held.changes), of_change),
            (_wishes(held.intents), of_wish),
        ):
            for line in (*lines, f"{means}.") if lines else ():
                say(line)
        if not (yes or typer.confirm(f"{len(held)} of {known.name}: go on?")):
            say("Nothing was done.")
            return Code.PROBLEM
        return _report(await act(), len(held), DONE[decision])

    run(settings, work)


def _report(decided: DecidedChanges, chosen: int, done: str) -> Code:
    say(f"{decided.moved} {done}.")
    if decided.proposed:
        say(f"{decided.proposed} proposed: {SECOND_PERSON}.")
    if decided.problem:
        complain(str(decided.problem))
        return Code.PROBLEM
    left = chosen - decided.moved - decided.proposed
    if left:
        say(f"{left} changed meanwhile and were left as they are.")
    return Code.FINE


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
