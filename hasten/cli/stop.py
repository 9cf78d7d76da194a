"""`stop` and `start`: decide whether Hasten may call and write."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, By, SettingsFile, TargetName, plain_text
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import Code, checked, chosen, run
from hasten.operate import stop as deciding
from hasten.records.stops import ALL_TARGETS, StopRecord

Decide = Callable[..., Awaitable[StopRecord]]

STOPPED = "stopped: no instance begins another call or write"
STARTED = "started: work continues within a minute"
STILL_STOPPED = "started, but work does not continue where another stop is in force"

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
    _decide(target, reason, by, settings, deciding.stop, json=json)


def start(
    target: TargetName = None,
    *,
    reason: Reason,
    by: By = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Allows calls and writes again after `stop`. Names the stops that are still in force."""
    _decide(target, reason, by, settings, deciding.start, json=json)


def _decide(
    target: str | None,
    reason: str,
    by: str | None,
    settings: Path | None,
    decide: Decide,
    *,
    json: bool,
) -> None:
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
            _show(decision)
        # After the record is written, so that nothing delays a stop.
        return await checked(operator)

    run(settings, work)


def _show(decision: StopRecord) -> None:
    still_stopped = decision.still_stopped if isinstance(decision, deciding.Started) else ()
    done = STOPPED if decision.is_stop else STILL_STOPPED if still_stopped else STARTED
    say(f"{'All targets' if decision.target == ALL_TARGETS else decision.target} {done}.")
    for stop in still_stopped:
        name = "" if stop.target == ALL_TARGETS else f" {stop.target}"
        say(f"! {stop}. To start it: python -m hasten start{name}")
