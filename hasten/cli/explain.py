"""`explain`: describes the state of one user in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json_object, say
from hasten.cli.running import AsJson, Code, SettingsFile, chosen, filled, run
from hasten.context import Context
from hasten.domain.explaining import Facts
from hasten.domain.explaining import explain as sentences
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.explain import find_person, gather, refuse_unknown
from hasten.operate.health import Health, readable_health
from hasten.operate.problems import Problem, of_error
from hasten.targets import Target


@dataclass(frozen=True, slots=True)
class Explained:
    """`facts` are None if they could not be gathered. `problem` says why, or why they are
    incomplete."""

    target: str
    facts: Facts | None = None
    sentences: Sequence[str] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Everything:
    app: Health
    targets: Sequence[Explained]


def explain(
    user: Annotated[
        str, typer.Argument(help="Object id, UPN, mail or employeeId.", callback=filled)
    ],
    *,
    target: Annotated[
        str | None, typer.Option(help="Name in targets.yaml; default: all.", callback=filled)
    ] = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Explains a user's state in each target: assignments, what happened and what comes next."""

    async def work(operator: Operator) -> Code:
        context = operator.context
        targets = chosen(operator, target)
        found = await find_person(context, user.strip())
        await refuse_unknown(context, found)
        app = await readable_health(context)
        explained = [await _explained(context, one, found) for one in targets]
        if json:
            as_json_object(Everything(app, explained))
        else:
            _show_app(app)
            for one in explained:
                _show(one, user)
        return Code.PROBLEM if any(one.problem for one in explained) else Code.FINE

    run(settings, work)


async def _explained(context: Context, target: Target, user: str) -> Explained:
    """Gathers the facts for one target. An error hides no other target."""
    try:
        facts = await gather(context, target, user)
    except (PermanentError, TemporaryError) as error:
        return Explained(target.name, problem=of_error(error))
    problem = Problem(facts.unread, facts.unread_action) if facts.unread else None
    return Explained(target.name, facts, sentences(facts), problem)


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
    if one.problem:
        say(f"! {one.problem}")
