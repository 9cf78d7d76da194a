"""Describes who asked Hasten to carry out the policy, and writes each step to the history."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hasten.context import Context
from hasten.domain.applying import PlannedStep, StepKind
from hasten.domain.history import EntryKind
from hasten.operate.audited import Subject, audited, noted
from hasten.records.running_targets import digest
from hasten.targets import Target

BY_POLICY = "policy"
"""Used in place of an operator when only targets.yaml asked for the step."""

STEP_RESULTS = {StepKind.ADD: "added", StepKind.REMOVE: "removed"}


@dataclass(frozen=True, slots=True)
class Applier:
    """`by` is the operator who has read the plan, or BY_POLICY; `why` is the operator's reason."""

    by: str = BY_POLICY
    why: str = ""

    @property
    def is_attended(self) -> bool:
        """Returns whether an operator has read the plan."""
        return self.by != BY_POLICY


@asynccontextmanager
async def recorded(
    context: Context, target: Target, step: PlannedStep, applier: Applier
) -> AsyncIterator[set[str]]:
    """Wraps one step that Hasten carries out. Hasten writes an operator's step to the history
    before and after it, and a step of the policy only after it, because a timer repeats a step that
    fails. The step adds to the yielded set the users for whom it is not done.

    Raises TemporaryError and PermanentError of the store.
    """
    subjects = _subjects(step, digest(target))
    left: set[str] = set()
    if not applier.is_attended:
        yield left
        done = [one for one in subjects if one.user not in left]
        await noted(context, EntryKind.APPLIED, done, by=BY_POLICY)
        return
    async with audited(
        context, EntryKind.APPLIED, subjects, by=applier.by, why=applier.why
    ) as audit:
        yield left
        audit.done += [one for one in subjects if one.user not in left]


def _subjects(step: PlannedStep, policy: str) -> Sequence[Subject]:
    """Returns one subject for each person of the step, or one for the group. A group that is about
    to be created has only a name."""
    name = {} if step.group else {"group_name": step.name}
    details = {"step": str(step.kind), "policy": policy, **name}
    return [
        Subject(
            target=step.target,
            user=user,
            group=step.group,
            action=STEP_RESULTS.get(step.kind, ""),
            details=details,
        )
        for user in (step.users or [""])
    ]
