"""Runs every command: reads the settings, returns an exit code and prints each error on one
line."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from enum import IntEnum
from pathlib import Path

import typer

from hasten.cli.environment import values
from hasten.cli.operator import Operator, opened
from hasten.cli.printing import complain
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.operate.health import APP_NEVER_RAN
from hasten.records import heartbeats
from hasten.targets import Target


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


async def checked(operator: Operator) -> Code:
    """Complains if no app has ever worked on this store: then nothing that is read there says
    anything, and no decision that is written there has an effect."""
    if await heartbeats.load_all(operator.context.store):
        return Code.FINE
    complain(f"! {APP_NEVER_RAN}")
    return Code.PROBLEM


def chosen(operator: Operator, name: str | None) -> tuple[Target, ...]:
    """Returns the target called `name`, or all targets. Raises UsageError if there is none."""
    targets = operator.context.targets
    if name is None:
        return tuple(targets.values())
    if name not in targets:
        raise UsageError(f"no target {name}; targets.yaml has: {', '.join(targets)}")
    return (targets[name],)
