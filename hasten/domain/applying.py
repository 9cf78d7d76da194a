"""Computes the steps that bring the groups of a target to what the policy says."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

Test = Callable[[str], bool]
"""Answers a question about a user."""


class StepKind(StrEnum):
    ADOPT = "adopt"
    """A group of this name that Hasten did not create; an operator must say whether it is the right
    one."""

    CREATE = "create"
    ASSIGN = "assign"
    ADD = "add"
    REMOVE = "remove"
    LEAVE_OUT = "leave_out"
    """Hasten does not add back members of an admin group whom an event offboarded; somebody must
    decide about them."""

    PROBLEM = "problem"
    """Hasten cannot do this step; an operator must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step of the policy. `name` is the group's name in the policy, `group` its object id (""
    until it is created).

    `held` marks a removal of more members than the brake allows without an operator's consent.
    """

    kind: StepKind
    target: str
    name: str
    group: str
    role: str = ""
    users: Sequence[str] = ()
    sources: Sequence[str] = ()
    held: bool = False
    problem: str = ""

    @property
    def sentence(self) -> str:
        origin = " and ".join(self.sources)
        match self.kind:
            case StepKind.ADOPT:
                return (
                    f"Adopt the group {self.name} ({self.group}), which Hasten did not create: "
                    "check that it is the right group."
                )
            case StepKind.CREATE:
                return f"Create the group {self.name}."
            case StepKind.ASSIGN:
                return f"Assign the group {self.name} to {self.target}."
            case StepKind.ADD:
                return f"Add {_people(self.users)} of {origin} to {self.name}."
            case StepKind.REMOVE:
                return f"Remove {_people(self.users)} who left {origin} from {self.name}." + (
                    " The brake holds this: only `python -m hasten apply --yes` does it."
                    if self.held
                    else ""
                )
            case StepKind.LEAVE_OUT:
                return (
                    f"Leave {_people(self.users)} of {origin} out of {self.name}: an event "
                    f"offboarded them. Remove them from {origin} as well, or post an onboarding "
                    "event."
                )
            case StepKind.PROBLEM:
                return f"Correct the group {self.name}: {self.problem}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """The users who become members because of the groups `sources`, and those who stop being
    members."""

    sources: Sequence[str]
    joining: Sequence[str]
    leaving: Sequence[str]
    forgotten: Sequence[str]
    """Users whom Hasten had added and who are neither members nor wanted any more. Hasten only
    forgets them."""

    held: bool = False
    offboarded: Sequence[str] = ()
    """Members of `sources` whom an event offboarded: the policy does not undo that."""


NO_MIRRORING = Mirroring(sources=(), joining=(), leaving=(), forgotten=())


def mirroring(
    sources: Sequence[str],
    *,
    wanted: Collection[str],
    members: Collection[str],
    remembered: Collection[str],
    may_be_wanted: Test = lambda _: False,
    may_be_member: Test = lambda _: False,
    was_added_lately: Test = lambda _: False,
) -> Mirroring:
    """Compares members. `wanted` are the members of `sources`, `remembered` the users whom Hasten
    itself added; it removes nobody else.

    The lists may have entries that cannot be read. Who `may_be_wanted` does not leave. Who
    `may_be_member` is not forgotten, and not added anew if Hasten added them once: it would then no
    longer know that it did. A lagging list may lack a member who `was_added_lately`: they leave
    like one who is listed, and are not forgotten.
    """
    left = {user for user in set(remembered) - set(wanted) if not may_be_wanted(user)}
    missing = set(wanted) - set(members)
    hidden = {user for user in {*missing, *left} & set(remembered) if may_be_member(user)}
    leaving = {user for user in left if user in members or was_added_lately(user)}
    return Mirroring(
        sources=sources,
        joining=sorted(missing - hidden),
        leaving=sorted(leaving),
        forgotten=sorted(left - leaving - hidden),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNow:
    """The current state of one group of the policy. `role` is the app role to assign it with, or ""
    if it is assigned already."""

    name: str
    group: str
    adopts: bool = False
    creates: bool = False
    role: str = ""
    mirroring: Mirroring = NO_MIRRORING
    problems: Sequence[str] = ()


def steps_for(target: str, groups: Sequence[GroupNow]) -> list[PlannedStep]:
    """Returns the steps in the order in which they must be done."""
    return [step for now in groups for step in _steps(target, now)]


def _steps(target: str, now: GroupNow) -> list[PlannedStep]:
    def step(
        kind: StepKind, users: Sequence[str] = (), *, held: bool = False, problem: str = ""
    ) -> PlannedStep:
        return PlannedStep(
            kind=kind,
            target=target,
            name=now.name,
            group=now.group,
            role=now.role,
            users=users,
            sources=now.mirroring.sources,
            held=held,
            problem=problem,
        )

    mirror = now.mirroring
    steps = [step(StepKind.PROBLEM, problem=problem) for problem in now.problems]
    if now.adopts:
        steps.append(step(StepKind.ADOPT))
    if now.creates:
        steps.append(step(StepKind.CREATE))
    if now.role:
        steps.append(step(StepKind.ASSIGN))
    if mirror.leaving:
        steps.append(step(StepKind.REMOVE, mirror.leaving, held=mirror.held))
    if mirror.joining:
        steps.append(step(StepKind.ADD, mirror.joining))
    if mirror.offboarded:
        steps.append(step(StepKind.LEAVE_OUT, mirror.offboarded))
    return steps


def _people(users: Sequence[str]) -> str:
    return "1 member" if len(users) == 1 else f"{len(users)} members"
