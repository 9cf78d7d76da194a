"""Events of the webhook. They are separate from those of hasten/watch, so that a cold start loads
less."""

from dataclasses import dataclass
from typing import Annotated, Literal

from hasten.domain.notifications import Refusal
from hasten.ports.telemetry import Count, Event, FieldKind, Ids, Text


@dataclass(frozen=True, kw_only=True)
class NotificationsQueued(Event):
    """The webhook queued looks at these groups and people, for `count` notifications."""

    name = "notification"
    result: Literal["queued"] = "queued"
    count: Count
    groups: Ids
    people: Ids


@dataclass(frozen=True, kw_only=True)
class NotificationsNotQueued(Event):
    """Service Bus or the store did not answer or refuses Hasten: Graph sends the notifications
    again."""

    name = "notification"
    problems = frozenset({"not_queued"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"not_queued"})
    result: Literal["not_queued"] = "not_queued"
    reason: Text
    next_action: Text


@dataclass(frozen=True, kw_only=True)
class NotificationsRefused(Event):
    """The webhook refused notifications; they have no effect."""

    name = "notification"
    problems = frozenset({Refusal.REFUSED_OURS})
    alerts = frozenset({"notifications-refused"})
    repeats = frozenset({Refusal.REFUSED_OURS})
    result: Refusal
    count: Count


@dataclass(frozen=True, kw_only=True)
class SignNotNoted(Event):
    """The store did not answer or refuses Hasten, so the time of the last notification is not
    saved."""

    name = "notification"
    result: Literal["not_noted"] = "not_noted"
    reason: Text


@dataclass(frozen=True, kw_only=True)
class BodyRefused(Event):
    """The webhook refused a whole request."""

    name = "notification"
    result: Literal["too_large", "bad_json"]


@dataclass(frozen=True, kw_only=True)
class LifecycleQueued(Event):
    """The webhook queued lifecycle events of subscriptions."""

    name = "lifecycle"
    result: Literal["queued"] = "queued"
    events: Annotated[list[str], FieldKind.LABEL]


@dataclass(frozen=True, kw_only=True)
class LifecycleNotQueued(Event):
    """Service Bus or the store did not answer or refuses Hasten: Graph sends the lifecycle events
    again."""

    name = "lifecycle"
    problems = frozenset({"not_queued"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"not_queued"})
    result: Literal["not_queued"] = "not_queued"
    reason: Text
    next_action: Text
