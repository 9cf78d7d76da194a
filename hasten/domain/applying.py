"""From what the policy says of a target's groups and what is there, the steps that are missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    CREATE = "create"
    ASSIGN = "assign"
    ADD = "add"
    REMOVE = "remove"
    PROBLEM = "problem"
    """Something that only a person can mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`name` is how the policy names the group, `group` its object id ("" until it is created).

    `held` marks a removal of more people than the brake lets go without a word from someone.
    """

    kind: Kind
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
            case Kind.CREATE:
                return f"Create the group {self.name}."
            case Kind.ASSIGN:
                return f"Assign the group {self.name} to {self.target}."
            case Kind.ADD:
                return f"Add {_people(self.users)} of {origin} to {self.name}."
            case Kind.REMOVE:
                return f"Remove {_people(self.users)} who left {origin} from {self.name}." + (
                    " More than the brake lets go: only `python -m hasten apply --yes` does it."
                    if self.held
                    else ""
                )
            case Kind.PROBLEM:
                return f"Mend the group {self.name}: {self.problem}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """Who is to become a member because of the groups `sources`, and who no longer is."""

    sources: Sequence[str]
    joining: Sequence[str]
    leaving: Sequence[str]
    forgotten: Sequence[str]
    """Remembered, but neither members nor wanted any more: nothing is left to do for them."""

    held: bool = False


NO_MIRRORING = Mirroring(sources=(), joining=(), leaving=(), forgotten=())


def mirroring(
    sources: Sequence[str],
    *,
    wanted: Collection[str],
    members: Collection[str],
    remembered: Collection[str],
) -> Mirroring:
    """`wanted` are the people of `sources`, `remembered` those whom Hasten itself has added: it
    removes nobody else."""
    left = set(remembered) - set(wanted)
    return Mirroring(
        sources=sources,
        joining=sorted(set(wanted) - set(members)),
        leaving=sorted(left & set(members)),
        forgotten=sorted(left - set(members)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupNow:
    """One group of the policy as it is. `role` is what it is to be assigned with, "" when it is
    assigned already."""

    name: str
    group: str
    creates: bool = False
    role: str = ""
    mirroring: Mirroring = NO_MIRRORING
    problems: Sequence[str] = ()


def steps_for(target: str, groups: Sequence[GroupNow]) -> list[Step]:
    """In the order in which they must be done."""
    return [step for now in groups for step in _steps(target, now)]


def _steps(target: str, now: GroupNow) -> list[Step]:
    def step(
        kind: Kind, users: Sequence[str] = (), *, held: bool = False, problem: str = ""
    ) -> Step:
        return Step(
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
    steps = [step(Kind.PROBLEM, problem=problem) for problem in now.problems]
    if now.creates:
        steps.append(step(Kind.CREATE))
    if now.role:
        steps.append(step(Kind.ASSIGN))
    if mirror.leaving:
        steps.append(step(Kind.REMOVE, mirror.leaving, held=mirror.held))
    if mirror.joining:
        steps.append(step(Kind.ADD, mirror.joining))
    return steps


def _people(users: Sequence[str]) -> str:
    return "1 member" if len(users) == 1 else f"{len(users)} members"
