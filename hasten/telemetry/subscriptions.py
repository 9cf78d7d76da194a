"""Events about Hasten's subscriptions to change notifications."""

from dataclasses import dataclass
from typing import Literal

from hasten.domain.notifications import LifecycleEvent
from hasten.ports.telemetry import Count, Event, Id, Ids


@dataclass(frozen=True, kw_only=True)
class LifecycleReceived(Event):
    """Hasten handles a lifecycle event of a subscription."""

    name = "lifecycle"
    result: LifecycleEvent
    subscription: Id


@dataclass(frozen=True, kw_only=True)
class SubscriptionChanged(Event):
    """Hasten created, renewed or removed a subscription."""

    name = "subscription"
    result: Literal["created", "renewed", "removed"]
    resource: Id


@dataclass(frozen=True, kw_only=True)
class SubscriptionsUnread(Event):
    """Graph's list of subscriptions has entries that cannot be read. Hasten renews those of its
    subscriptions that may be among them, and creates one again only if Graph answers that it is
    gone. `subscriptions` are those whose id is known."""

    name = "subscription"
    problems = frozenset({"unreadable"})
    alerts = frozenset({"degraded"})
    repeats = frozenset({"unreadable"})
    result: Literal["unreadable"] = "unreadable"
    entries: Count
    subscriptions: Ids
