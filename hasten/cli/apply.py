"""`apply`: shows or carries out the missing steps of the policy in targets.yaml."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.cli.operator import Operator
from hasten.cli.options import AsJson, Reason, SettingsFile, TargetName, Yes
from hasten.cli.printing import as_json, say
from hasten.cli.running import Code, chosen, run
from hasten.context import Context
from hasten.domain.applying import PlannedStep, StepKind
from hasten.ensure.applier import Applier
from hasten.ensure.apply_policy import apply_policy, plan_policy
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.problems import Problem, of_error
from hasten.targets import Target


@dataclass(frozen=True, slots=True)
class Applied:
    """`steps` were missing at the start, and `done` are those that Hasten did. `outcome` is
    planned, done, observed or failed."""

    target: str
    steps: Sequence[PlannedStep]
    outcome: str
    done: Sequence[PlannedStep] = ()
    problem: Problem | None = None


def apply(
    target: TargetName = None,
    *,
    reason: Reason = None,
    yes: Yes = False,
    json: AsJson = False,
    settings: SettingsFile = None,
) -> None:
    """Shows the missing steps of the policy; with --yes carries them out, also mass removals."""

    async def work(operator: Operator) -> Code:
        applier = Applier(await operator.who(), (reason or "").strip()) if yes else None
        applied = [
            await _applied(operator.context, one, applier) for one in chosen(operator, target)
        ]
        if json:
            as_json(applied)
        else:
            for line in _lines(applied):
                say(line)
        is_stuck = any(one.problem or _has_problem(one.steps) for one in applied)
        return Code.PROBLEM if is_stuck else Code.FINE

    run(settings, work)


async def _applied(context: Context, target: Target, applier: Applier | None) -> Applied:
    """Applies the policy of one target; without `applier` shows it only. An error hides neither
    other targets nor what was done."""
    steps: Sequence[PlannedStep] = ()
    try:
        steps = await plan_policy(context, target)
        if applier is None:
            return Applied(target.name, steps, "planned")
        carried = await apply_policy(context, target, applier)
    except (PermanentError, TemporaryError) as error:
        return Applied(target.name, steps, "failed", problem=of_error(error))
    if carried.error is not None:
        problem = of_error(carried.error)
        return Applied(target.name, carried.steps, "failed", carried.done, problem)
    outcome = "observed" if target.observes else "done"
    return Applied(target.name, carried.steps, outcome, carried.done)


def _has_problem(steps: Sequence[PlannedStep]) -> bool:
    return any(step.kind is StepKind.PROBLEM for step in steps)


def _lines(applied: Sequence[Applied]) -> list[str]:
    steps = [f"{step.sentence}{_mark(one, step)}" for one in applied for step in one.steps]
    lines = [f"{number}. {sentence}" for number, sentence in enumerate(steps, 1)]
    if not lines and not any(one.problem for one in applied):
        lines = ["Nothing is missing."]
    for one in applied:
        if one.problem:
            lines.append(f"! {one.target}: {one.problem}")
        elif one.outcome != "planned":
            said = "observed only" if one.outcome == "observed" else one.outcome
            lines.append(f"{one.target}: {said}")
    return lines


def _mark(applied: Applied, step: PlannedStep) -> str:
    if applied.outcome == "planned" or step.kind in {StepKind.PROBLEM, StepKind.LEAVE_OUT}:
        return ""
    return " Done." if step in applied.done else " Not done."
