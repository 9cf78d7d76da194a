"""Events of hasten/onboard: what Hasten does with an onboarding event."""

from dataclasses import dataclass
from typing import Literal, TypedDict

from hasten.ports.telemetry import Count, Event, Id, Label, Text


class EventFields(TypedDict):
    """Fields that every readable event has, whatever Hasten does with it."""

    target: str
    type: str
    message: str
    people: int


@dataclass(frozen=True, kw_only=True)
class EventTaken(Event):
    """Hasten recorded what the event wants, or found nothing to do. `unread` counts the parts that
    Hasten tries again, because Graph gives no usable answer about them. The last four fields count
    its intents."""

    name = "onboarding"
    result: Literal["accepted", "idle"]
    target: Label
    type: Label
    message: Id
    people: Count
    refused: Count
    unread: Count
    new: Count | None = None
    replaced: Count | None = None
    duplicate: Count | None = None
    stale: Count | None = None


@dataclass(frozen=True, kw_only=True)
class EventCancelled(Event):
    """A copy of an event came that an operator had cancelled before. Hasten does not carry it
    out."""

    name = "onboarding"
    result: Literal["cancelled"] = "cancelled"
    target: Label
    type: Label
    message: Id
    people: Count


@dataclass(frozen=True, kw_only=True)
class EventDeferred(Event):
    """Hasten keeps the event until its start, or an offboarding until its end."""

    name = "onboarding"
    result: Literal["deferred"] = "deferred"
    target: Label
    type: Label
    message: Id
    people: Count
    until: Text


@dataclass(frozen=True, kw_only=True)
class EventSplit(Event):
    """Hasten divided a large event into parts."""

    name = "onboarding"
    result: Literal["split"] = "split"
    target: Label
    type: Label
    message: Id
    people: Count
    parts: Count


@dataclass(frozen=True, kw_only=True)
class EventWaiting(Event):
    """Hasten cannot take an event, or a part of it. The store, Service Bus or Graph refuses Hasten,
    or the target is not set up; or Hasten has tried ten times in vain. Hasten tries the event again
    and does not park it."""

    name = "onboarding"
    problems = frozenset({"waiting"})
    alerts = frozenset({"work-waits"})
    repeats = frozenset({"waiting"})
    result: Literal["waiting"] = "waiting"
    message: Id
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class EventRejected(Event):
    """Hasten parked an event, or its part about one group or user, with the reasons."""

    name = "onboarding"
    problems = frozenset({"rejected"})
    alerts = frozenset({"work-given-up"})
    result: Literal["rejected"] = "rejected"
    target: Label
    group: Id
    user: Id
    message: Id
    reason: Text
    faults: Count


FollowUpResult = Literal[
    "ended", "completed", "failed", "denied", "observed", "postponed", "gone", "given_up"
]


@dataclass(frozen=True, kw_only=True)
class FollowedUp(Event):
    """Hasten did what an offboarding event wanted besides the revocation. `sessions`: Hasten ended
    the user's sign-in sessions, or says why not. `resume`: Hasten answered the workflow with
    `completed` or `failed`. `gone` means that the user or the workflow's task no longer exists."""

    name = "follow_up"
    problems = frozenset({"given_up", "denied"})
    alerts = frozenset({"work-given-up"})
    result: FollowUpResult
    what: Label
    target: Label
    user: Id
    event: Id
    reason: Text
