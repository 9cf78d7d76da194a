"""`notify`: makes the app post a test message to a destination."""

from dataclasses import dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile, filled
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import Code, UsageError, run
from hasten.operate.try_destination import ask_for_trial

Name = Annotated[
    str, typer.Argument(help="Name of a destination in targets.yaml.", callback=filled)
]


@dataclass(frozen=True, slots=True)
class Asked:
    destination: str


def notify(name: Name, *, json: AsJson = False, settings: SettingsFile = None) -> None:
    """Makes the app post a test message to a destination within a minute."""

    async def work(operator: Operator) -> Code:
        known = [destination.name for destination in operator.context.destinations]
        if name not in known:
            shown = ", ".join(known) or "none"
            raise UsageError(f"no destination {name}; targets.yaml has: {shown}")
        await ask_for_trial(operator.context, name)
        if json:
            as_json_object(Asked(name))
        else:
            say(f"The app posts a test message to {name} within a minute; doctor says if it fails.")
        return Code.FINE

    run(settings, work)
