"""`stop` and `start`: decide whether Hasten may call and write."""

from pathlib import Path
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, By, SettingsFile, TargetName, plain_text
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import Code, chosen, run
from hasten.operate import stop as deciding
from hasten.records.stops import ALL_TARGETS

STOPPED = "stopped: no instance begins another call or write"
STARTED = "started: work continues within a minute"

Reason = Annotated[
    str, typer.Option("--reason", help="Reason; status and the log show it.", callback=plain_text)
]


def stop(
    target: TargetName = None,
    *,
    reason: Reason,
    by: By = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Stops all calls and writes until `start`. Hasten still finds and records changes."""
    _decide(target, reason, by, settings, is_stop=True, json=json)


def start(
    target: TargetName = None,
    *,
    reason: Reason,
    by: By = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Allows calls and writes again after `stop`."""
    _decide(target, reason, by, settings, is_stop=False, json=json)


def _decide(
    target: str | None,
    reason: str,
    by: str | None,
    settings: Path | None,
    *,
    is_stop: bool,
    json: bool,
) -> None:
    decide = deciding.stop if is_stop else deciding.start
    done = STOPPED if is_stop else STARTED

    async def work(operator: Operator) -> Code:
        name = ALL_TARGETS if target is None else chosen(operator, target)[0].name
        decision = await decide(
            operator.context,
            name,
            by=await operator.who(),
            named=(by or "").strip(),
            reason=reason.strip(),
        )
        if json:
            as_json_object(decision)
        else:
            say(f"{'All targets' if name == ALL_TARGETS else name} {done}.")
        return Code.FINE

    run(settings, work)
