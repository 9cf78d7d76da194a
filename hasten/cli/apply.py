"""`apply`: what the policy of targets.yaml still asks for, and doing it."""

from typing import Annotated

import typer

from hasten.cli.operator import Operator
from hasten.cli.printing import as_json, say
from hasten.cli.running import AsJson, Code, SettingsFile, Yes, chosen, run
from hasten.domain.applying import Kind, Step
from hasten.ensure.apply_policy import apply_policy, plan_policy


def apply(
    target: Annotated[str | None, typer.Argument(help="Name in targets.yaml; all without.")] = None,
    *,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Shows what the policy still asks for; with --yes does it, mass removals as well."""

    async def work(operator: Operator) -> Code:
        steps: list[Step] = []
        done: list[str] = []
        for one in chosen(operator, target):
            steps += await plan_policy(operator.context, one)
            if yes:
                await apply_policy(operator.context, one)
                done.append(f"{one.name}: observed only" if one.observes else f"{one.name}: done")
        if json:
            as_json(steps)
        else:
            for line in [*_plan(steps), *done]:
                say(line)
        is_stuck = any(step.kind is Kind.PROBLEM for step in steps)
        return Code.PROBLEM if is_stuck else Code.FINE

    run(settings, work)


def _plan(steps: list[Step]) -> list[str]:
    lines = [f"{number}. {step.sentence}" for number, step in enumerate(steps, 1)]
    return lines or ["Nothing is missing."]
