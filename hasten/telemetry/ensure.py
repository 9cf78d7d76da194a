"""Events of hasten/ensure: what Hasten writes to Entra ID."""

from dataclasses import dataclass
from typing import Annotated, Literal

from hasten.domain import applying
from hasten.domain.ensuring import EndedAs
from hasten.ports.telemetry import Count, Event, FieldKind, Id, Label, Text


@dataclass(frozen=True, kw_only=True)
class GroupEnsured(Event):
    """Hasten worked on the intents of one group."""

    name = "ensure"
    result: Literal["done", "waiting"]
    target: Label
    group: Id
    wanted: Count
    done: Count


@dataclass(frozen=True, kw_only=True)
class IntentCrashed(Event):
    """The work on an intent ended with an unexpected exception: a defect of Hasten. The intent
    waits for a growing pause, and Hasten continues with the others of the target."""

    name = "ensure"
    problems = frozenset({"crashed"})
    alerts = frozenset({"unexpected-error"})
    repeats = frozenset({"crashed"})
    result: Literal["crashed"] = "crashed"
    target: Label
    group: Id
    user: Id
    reason: Text
    trace: Text


@dataclass(frozen=True, kw_only=True)
class WriteRefused(Event):
    """Graph refused to write one user, and Hasten continues with the others. `delayed` when another
    try may help soon; `refused` when it has not helped, or cannot. Hasten tries again after a
    growing pause."""

    name = "ensure"
    problems = frozenset({"refused"})
    repeats = frozenset({"refused"})
    alerts = frozenset({"work-waits"})
    result: Literal["delayed", "refused"]
    target: Label
    group: Id
    user: Id
    tries: Count
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class IntentEnded(Event):
    """An intent ended without a change of its own. `rejected`: Hasten had accepted the event, and
    does not carry it out; somebody may keep access."""

    name = "intent"
    problems = frozenset({"rejected"})
    alerts = frozenset({"work-given-up"})
    result: EndedAs
    target: Label
    group: Id
    user: Id
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class PolicyStep(Event):
    """Hasten did one step of the policy, or says why it did not."""

    name = "policy"
    problems = frozenset({"held", "left_out", "problem"})
    alerts = frozenset({"held-policy", "degraded", "work-waits"})
    repeats = frozenset({"held", "left_out", "problem"})
    result: Literal["done", "observed", "held", "left_out", "problem"]
    target: Label
    group: Id
    step: Annotated[applying.StepKind, FieldKind.LABEL]
    people: Count
    reason: Text


@dataclass(frozen=True, kw_only=True)
class AnotherRole(Event):
    """The group is assigned with another app role than the one wanted; Hasten changes no role."""

    name = "assignment"
    problems = frozenset({"another_role"})
    alerts = frozenset({"work-given-up"})
    result: Literal["another_role"] = "another_role"
    target: Label
    group: Id
    role: Text


@dataclass(frozen=True, kw_only=True)
class NestedGroup(Event):
    """The group contains groups; Entra does not provision the people in them."""

    name = "group"
    problems = frozenset({"nested"})
    alerts = frozenset({"degraded"})
    result: Literal["nested"] = "nested"
    target: Label
    group: Id
    not_provisioned: Count


@dataclass(frozen=True, kw_only=True)
class EnsureDisplaced(Event):
    """Another worker took over the intents of the target; this one stopped."""

    name = "ensure"
    result: Literal["displaced"] = "displaced"
    target: Label
