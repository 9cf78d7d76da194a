"""`explain`: describes the state of one user in sentences."""

from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, SettingsFile, TargetOption, filled
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import Code, chosen, run
from hasten.operate.everything import Everything, Explained, everything_about
from hasten.operate.health import Health

NO_EFFECT = ", which a newer event has overtaken or an operator has cancelled"


def explain(
    user: Annotated[
        str, typer.Argument(help="Object id, UPN, mail or employeeId.", callback=filled)
    ],
    *,
    target: TargetOption = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Explains whether a person has access to each target, why, and what comes next."""

    async def work(operator: Operator) -> Code:
        targets = chosen(operator, target)
        everything = await everything_about(operator.context, user.strip(), targets)
        if json:
            as_json_object(everything)
        else:
            _show_app(everything.app)
            for one in everything.targets:
                _show(one, user)
            _show_what_waits(everything)
        is_ill = everything.problem or any(one.problem for one in everything.targets)
        return Code.PROBLEM if is_ill else Code.FINE

    run(settings, work)


def _show_what_waits(everything: Everything) -> None:
    for parked in everything.parked:
        say(f"! {parked}")
    for dropped in everything.dropped:
        say(f"- {dropped}")
    if everything.problem:
        say(f"! {everything.problem}")


def _show_app(app: Health) -> None:
    """Says when the timers last did their work, because a person waits as long as they do."""
    for problem in app.problems:
        say(f"! {problem}")
    ages = ", ".join(f"{timer.timer} {timer}" for timer in app.timers)
    if ages:
        say(f"Hasten's timers did their work: {ages}.")


def _show(one: Explained, user: str) -> None:
    say(f"{one.target}, {user}:")
    for sentence in one.sentences:
        say(f"- {sentence}")
    for ahead in one.scheduled:
        say(f"- Scheduled: {ahead}{NO_EFFECT if ahead.is_overtaken else ''}. Its id: {ahead.id}.")
    if one.problem:
        say(f"! {one.problem}")
