"""Reads Graph change notifications: decides which ones to accept, and which group or user each
concerns."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hasten.limits import MAX_HINTS
from hasten.object_ids import is_object_id

GROUP_RESOURCE = re.compile(
    r"/?groups/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/members)?", re.IGNORECASE
)
USER_RESOURCE = re.compile(
    r"/?users/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)


class Refusal(StrEnum):
    """States why Hasten ignores a notification. The sender does not learn it."""

    MALFORMED = "malformed"
    WRONG_CLIENT_STATE = "wrong_client_state"
    WRONG_TENANT = "wrong_tenant"
    UNKNOWN_SUBSCRIPTION = "unknown_subscription"
    OTHER_RESOURCE = "other_resource"
    """It is about neither a group nor a user."""
    NOT_WATCHED = "not_watched"
    NOT_ASSIGNED = "not_assigned"
    """It is about a user who is not assigned to a target."""
    REFUSED_OURS = "refused_ours"
    """The notification names one of Hasten's subscriptions and its tenant, but has another
    clientState."""


class LifecycleEvent(StrEnum):
    """The lifecycle events that Graph sends about a subscription (Graph, lifecycle
    notifications)."""

    REAUTHORIZATION_REQUIRED = "reauthorizationRequired"
    SUBSCRIPTION_REMOVED = "subscriptionRemoved"
    MISSED = "missed"
    UNKNOWN = "unknown"
    """An event that Graph may add; Hasten handles it like the worst of the others."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    subscription: str
    event: LifecycleEvent


@dataclass(frozen=True, slots=True)
class Hint:
    """A group to read, and the members that the notification says joined or left it."""

    group: str
    subscription: str
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    def merged(self, other: "Hint") -> "Hint":
        return hint(
            self.group, self.subscription, self.added | other.added, self.removed | other.removed
        )


@dataclass(frozen=True, slots=True)
class PersonHint:
    """A user whose account to read. The notification does not say what changed."""

    user: str
    subscription: str


def hint(group: str, subscription: str, added: frozenset[str], removed: frozenset[str]) -> Hint:
    """Returns a hint without members that are named on both sides, because their final state is
    unknown."""
    return Hint(group, subscription, *bounded(added - removed, removed - added))


def bounded(
    added: frozenset[str], removed: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Returns at most MAX_HINTS members, removals first."""
    room = max(0, MAX_HINTS - len(removed))
    return frozenset(sorted(added)[:room]), frozenset(sorted(removed)[:MAX_HINTS])


def parse(
    item: object, *, tenant: str, is_ours: Callable[[str], bool]
) -> Hint | PersonHint | Refusal:
    """Reads one item of a notification collection. Returns a Refusal if it must be ignored.

    `is_ours` compares a clientState with Hasten's in constant time. The caller checks whether the
    subscription is known, because that needs the store.
    """
    proven = _proven(item, tenant=tenant, is_ours=is_ours)
    if isinstance(proven, Refusal):
        return proven
    subscription, resource = proven.get("subscriptionId"), proven.get("resource")
    if not isinstance(subscription, str) or not isinstance(resource, str):
        return Refusal.MALFORMED
    if person := USER_RESOURCE.fullmatch(resource):
        return PersonHint(person["id"].lower(), subscription.lower())
    match = GROUP_RESOURCE.fullmatch(resource)
    if match is None:
        return Refusal.OTHER_RESOURCE
    added, removed = _members(proven.get("resourceData"))
    return hint(match["id"].lower(), subscription.lower(), added, removed)


def read_lifecycle(
    item: object, *, tenant: str, is_ours: Callable[[str], bool]
) -> Lifecycle | Refusal:
    """Reads one item of a collection of lifecycle events, as `read` does. They have no resource and
    no change."""
    proven = _proven(item, tenant=tenant, is_ours=is_ours)
    if isinstance(proven, Refusal):
        return proven
    subscription, event = proven.get("subscriptionId"), proven.get("lifecycleEvent")
    if not isinstance(subscription, str) or not isinstance(event, str):
        return Refusal.MALFORMED
    known = {one.casefold(): one for one in LifecycleEvent}
    return Lifecycle(subscription.lower(), known.get(event.casefold(), LifecycleEvent.UNKNOWN))


def claimed_subscription(item: object, *, tenant: str) -> str | None:
    """Returns the subscription that an unproven item names, if it also names Hasten's tenant."""
    if not isinstance(item, Mapping):
        return None
    subscription = item.get("subscriptionId")
    is_of_tenant = str(item.get("tenantId", "")).casefold() == tenant.casefold()
    return subscription.lower() if is_of_tenant and isinstance(subscription, str) else None


def _proven(
    item: object, *, tenant: str, is_ours: Callable[[str], bool]
) -> Mapping[str, Any] | Refusal:
    if not isinstance(item, Mapping):
        return Refusal.MALFORMED
    client_state = item.get("clientState")
    if not isinstance(client_state, str) or not is_ours(client_state):
        return Refusal.WRONG_CLIENT_STATE
    named = item.get("tenantId")
    if not isinstance(named, str) or named.casefold() != tenant.casefold():
        return Refusal.WRONG_TENANT
    return item


def _members(data: object) -> tuple[frozenset[str], frozenset[str]]:
    """Returns the ids (added, removed) in `members@delta`. `@removed` is a string here and an
    object in delta queries; some senders wrap the list in `{"value": […]}`. Anything else gives no
    hint and does no harm."""
    listed: Any = data.get("members@delta") if isinstance(data, Mapping) else None
    if isinstance(listed, Mapping):
        listed = listed.get("value")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return frozenset(), frozenset()
    added: set[str] = set()
    removed: set[str] = set()
    for member in listed:
        user = member.get("id") if isinstance(member, Mapping) else None
        if isinstance(user, str) and is_object_id(user):
            (removed if "@removed" in member else added).add(user.lower())
    return frozenset(added), frozenset(removed)
