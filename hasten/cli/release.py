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
from hasten.services.release import STILL_DONE

TargetName = Annotated[str, typer.Argument(help="Name in targets.yaml.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Object id, or `direct`; all without.")
]
Users = Annotated[list[str] | None, typer.Option("--user", help="Object id; all without.")]
Do = Callable[[Operator, str, Sequence[Change]], Awaitable[Sequence[Change]]]


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
        do=lambda operator, name, rows: operator.releasing.release(name, rows),
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
        do=lambda operator, name, rows: operator.releasing.discard(name, rows),
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
        held = await operator.releasing.held(known.name, groups=_ids(groups), users=_ids(users))
        if not held:
            say("Nothing is held.")
            return Code.FINE
        for line in _summary(held):
            say(line)
        say(f"{does}.")
        if not (yes or typer.confirm(f"{len(held)} changes of {known.name}: go on?")):
            say("Nothing was done.")
            return Code.PROBLEM
        moved = await do(operator, known.name, held)
        say(f"{len(moved)} {done}.")
        if len(moved) < len(held):
            say(f"{len(held) - len(moved)} changed meanwhile and were left as they are.")
        return Code.FINE

    run(settings, work)


def _ids(given: Sequence[str] | None) -> frozenset[str]:
    return frozenset(one.lower() for one in given or ())


def _summary(held: Sequence[Change]) -> list[str]:
    counted = Counter((row.group, row.action, row.held_by, row.reason) for row in held)
    return [
        f"{count} {action} of group {group}, held by {by}: {reason}"
        for (group, action, by, reason), count in sorted(counted.items())
    ]
