"""Runs every command: reads the settings, returns an exit code and prints each error on one
line."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from enum import IntEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from hasten.cli.environment import values
from hasten.cli.operator import Operator, opened
from hasten.cli.printing import complain
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.targets import Target

Given = TypeVar("Given", str, list[str], None)


def filled(parameter: typer.CallbackParam, value: Given) -> Given:
    """Ends the command with a usage error if a given text is blank. A script that leaves a variable
    empty must not ask for everything."""
    texts: list[str] = [value] if isinstance(value, str) else list(value or ())
    if any(not text.strip() for text in texts):
        name = parameter.opts[0]
        shown = name if name.startswith("-") else name.upper()
        complain(f"{shown} is empty: give a value")
        raise typer.Exit(Code.USAGE)
    return value


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        help="A file in the format of local.settings.json, or `azd` for the app of the azd "
        "environment. Default: the environment, or else local.settings.json in this folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before acting.")]


class Code(IntEnum):
    FINE = 0
    PROBLEM = 1
    USAGE = 2


class UsageError(Exception):
    """The command names something that does not exist."""


Work = Callable[[Operator], Awaitable[Code]]


def run(file: Path | None, work: Work) -> None:
    """Runs `work` and ends the process with the exit code that it returns."""
    raise typer.Exit(asyncio.run(_run(file, work)))


async def _run(file: Path | None, work: Work) -> Code:
    is_open = False
    try:
        async with opened(values(file, os.environ)) as operator:
            is_open = True
            return await work(operator)
    except UsageError as error:
        complain(str(error))
        return Code.USAGE
    except (PermanentError, TemporaryError) as error:
        complain(str(error))
        return Code.PROBLEM if is_open else Code.USAGE
    except Conflict as error:
        complain(f"{error} at the same moment, and nothing was written; run the command again")
        return Code.PROBLEM


def chosen(operator: Operator, name: str | None) -> tuple[Target, ...]:
    """Returns the target called `name`, or all targets. Raises UsageError if there is none."""
    if name is None:
        return operator.all_targets
    target = operator.target(name)
    if target is None:
        known = ", ".join(target.name for target in operator.all_targets)
        raise UsageError(f"no target {name}; targets.yaml has: {known}")
    return (target,)
