"""`explain`: describes the state of one user in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json, say
from hasten.cli.running import AsJson, Code, SettingsFile, UsageError, chosen, run
from hasten.context import Context
from hasten.domain.explaining import Facts
from hasten.domain.explaining import explain as sentences
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.explain import find_person, gather, refuse_unknown
from hasten.operate.health import app_health
from hasten.operate.problems import Problem, of_error
from hasten.targets import Target


@dataclass(frozen=True, slots=True)
class Explained:
    """`facts` are None if they could not be gathered; `problem` then gives the reason."""

    target: str
    facts: Facts | None = None
    sentences: Sequence[str] = ()
    problem: Problem | None = None


def explain(
    user: Annotated[str, typer.Argument(help="Object id, UPN, mail or employeeId.")],
    *,
    target: Annotated[str | None, typer.Option(help="Name in targets.yaml; default: all.")] = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Explains a user's state in each target: assignments, what happened and what comes next."""

    async def work(operator: Operator) -> Code:
        context = operator.context
        if not user.strip():
            raise UsageError("USER is empty: give an object id, UPN, mail or employeeId")
        targets = chosen(operator, target)
        found = await find_person(context, user.strip())
        await refuse_unknown(context, found)
        late = (await app_health(context)).problems
        explained = [await _explained(context, one, found) for one in targets]
        if json:
            as_json(explained)
        else:
            for problem in late:
                say(f"! {problem}")
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
    return Explained(target.name, facts, sentences(facts))


def _show(one: Explained, user: str) -> None:
    say(f"{one.target}, {user}:")
    for sentence in one.sentences:
        say(f"- {sentence}")
    if one.problem:
        say(f"! {one.problem}")
