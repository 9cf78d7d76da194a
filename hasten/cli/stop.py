"""`stop` and `start`: decide whether Hasten may call and write."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import AsJson, Code, SettingsFile, chosen, filled, run
from hasten.context import Context
from hasten.operate import stop as deciding
from hasten.records.stops import ALL_TARGETS, StopRecord

TargetName = Annotated[
    str | None, typer.Argument(help="Name in targets.yaml; default: all.", callback=filled)
]
Reason = Annotated[
    str, typer.Option("--reason", help="Reason; status and the log show it.", callback=filled)
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="Who decides, if it is not the signed-in user. The log shows no mail addresses.",
        callback=filled,
    ),
]
Decide = Callable[[Context, str, str], Awaitable[StopRecord]]
"""(context, target, who runs the command) → the decision."""


def stop(
    target: TargetName = None,
    *,
    reason: Reason,
    by: By = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Stops all calls and writes until `start`. Hasten still finds and records changes."""

    async def decide(context: Context, name: str, who: str) -> StopRecord:
        return await deciding.stop(
            context, name, by=who, named=(by or "").strip(), reason=reason.strip()
        )

    done = "stopped: no instance begins another call or write"
    _run(target, settings, decide, done, json=json)


def start(
    target: TargetName = None,
    *,
    reason: Reason,
    by: By = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Allows calls and writes again after `stop`."""

    async def decide(context: Context, name: str, who: str) -> StopRecord:
        return await deciding.start(
            context, name, by=who, named=(by or "").strip(), reason=reason.strip()
        )

    _run(target, settings, decide, "started: work continues within a minute", json=json)


def _run(
    target: str | None, settings: Path | None, decide: Decide, done: str, *, json: bool
) -> None:
    async def work(operator: Operator) -> Code:
        name = ALL_TARGETS if target is None else chosen(operator, target)[0].name
        decision = await decide(operator.context, name, await operator.who())
        if json:
            as_json_object(decision)
        else:
            say(f"{'All targets' if name == ALL_TARGETS else name} {done}.")
        return Code.FINE

    run(settings, work)
