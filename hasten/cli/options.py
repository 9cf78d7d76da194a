"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeVar

import typer

from hasten.cli.printing import complain
from hasten.cli.running import Code
from hasten.events.validation import fault_in

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


def plain_text(parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Ends the command with a usage error if a text for the history is blank, or is one that the
    API refuses as a reason: it holds a control character, or is an unfilled expression."""
    if value is None:
        return None
    given = filled(parameter, value)
    wrong = fault_in(given.strip(), parameter.opts[0])
    if wrong:
        complain(f"{wrong.field}: {wrong.problem}; {wrong.fix}")
        raise typer.Exit(Code.USAGE)
    return given


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
TargetName = Annotated[
    str | None, typer.Argument(help="Name in targets.yaml; default: all.", callback=filled)
]
TargetOption = Annotated[
    str | None, typer.Option(help="Name in targets.yaml; default: all.", callback=filled)
]
Reason = Annotated[
    str | None, typer.Option(help="Reason; the history shows it.", callback=plain_text)
]
By = Annotated[
    str | None,
    typer.Option(
        help="Who decides, if it is not the signed-in user. The log shows no mail addresses.",
        callback=plain_text,
    ),
]
