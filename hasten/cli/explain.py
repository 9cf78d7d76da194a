"""`explain`: where one person stands, in sentences."""

from dataclasses import dataclass
from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json, say
from hasten.cli.running import AsJson, Code, SettingsFile, chosen, run
from hasten.operate.explain import explain_person, find_person


@dataclass(frozen=True, slots=True)
class Explained:
    target: str
    sentences: list[str]


def explain(
    user: Annotated[str, typer.Argument(help="Object id, UPN, mail or employeeId.")],
    *,
    target: Annotated[str | None, typer.Option(help="Name in targets.yaml; all without.")] = None,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Where a person stands with each target: assigned how, what happened, what comes next."""

    async def work(operator: Operator) -> Code:
        context = operator.context
        found = await find_person(context, user)
        told = [
            Explained(one.name, await explain_person(context, one, found))
            for one in chosen(operator, target)
        ]
        if json:
            as_json(told)
        else:
            for one in told:
                say(f"{one.target}, {user}:")
                for sentence in one.sentences:
                    say(f"- {sentence}")
        return Code.FINE

    run(settings, work)
