"""`release` and `discard`: what becomes of held changes."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import say
from hasten.cli.running import Code, SettingsFile, Yes, chosen, run
from hasten.domain.changes import Change
from hasten.domain.intents import Intent
from hasten.operate.release import STILL_DONE, discard_changes, held_changes, release_changes
from hasten.operate.release_intents import discard_intents, held_intents, release_intents

TargetName = Annotated[str, typer.Argument(help="Name in targets.yaml.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Object id, or `direct`; all without.")
]
Users = Annotated[list[str] | None, typer.Option("--user", help="Object id; all without.")]
Held = tuple[Sequence[Change], Sequence[Intent]]
"""Changes that wait for a call, and revocations that events want of Entra ID."""

Do = Callable[[Operator, str, Held], Awaitable[int]]


def release(
    target: TargetName,
    *,
    group: Groups = None,
    user: Users = None,
    yes: Yes = False,
    settings: SettingsFile = None,
) -> None:
    """Has held changes called after all."""
    _decide(
        target,
        group,
        user,
        settings,
        does="Called as soon as the pace allows",
        done="released",
        yes=yes,
        do=_release,
    )


def discard(
    target: TargetName,
    *,
    group: Groups = None,
    user: Users = None,
    yes: Yes = False,
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
    do: Do,
) -> None:
    async def work(operator: Operator) -> Code:
        [known] = chosen(operator, target)
        chosen_ones = {"groups": _ids(groups), "users": _ids(users)}
        held = (
            await held_changes(operator.context, known.name, **chosen_ones),
            await held_intents(operator.context, known.name, **chosen_ones),
        )
        count = len(held[0]) + len(held[1])
        if not count:
            say("Nothing is held.")
            return Code.FINE
        for line in (*_changes(held[0]), *_wishes(held[1])):
            say(line)
        say(f"{does}.")
        if not (yes or typer.confirm(f"{count} of {known.name}: go on?")):
            say("Nothing was done.")
            return Code.PROBLEM
        moved = await do(operator, known.name, held)
        say(f"{moved} {done}.")
        if moved < count:
            say(f"{count - moved} changed meanwhile and were left as they are.")
        return Code.FINE

    run(settings, work)


def _ids(given: Sequence[str] | None) -> frozenset[str]:
    return frozenset(one.lower() for one in given or ())


async def _release(operator: Operator, target: str, held: Held) -> int:
    rows, intents = held
    moved = len(await release_changes(operator.context, target, rows)) if rows else 0
    return moved + len(await release_intents(operator.context, target, intents))


async def _discard(operator: Operator, target: str, held: Held) -> int:
    rows, intents = held
    moved = len(await discard_changes(operator.context, target, rows)) if rows else 0
    return moved + len(await discard_intents(operator.context, target, intents))


def _changes(held: Sequence[Change]) -> list[str]:
    """The last reason of a group counts all who left it."""
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
