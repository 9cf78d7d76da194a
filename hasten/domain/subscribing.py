"""Plans which subscriptions to create, renew, replace and delete, from those that Graph lists. Does
no I/O."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hasten.limits import MAX_SUBSCRIPTIONS, SUBSCRIPTION_LIFETIME

GROUPS_RESOURCE = "groups"
"""The resource of the single subscription to every group of the tenant."""

USERS_RESOURCE = "users"
"""The resource of the single subscription to every user of the tenant."""

SAVED_WITHIN = timedelta(seconds=30)
"""An instance saves a subscription within this time after creating it; the expiry shows its age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as Graph lists it. Graph does not show its clientState."""

    id: str
    resource: str
    url: str
    lifecycle_url: str | None
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Distinguishes Hasten's subscriptions from those of others. `states` maps the id of each
    stored subscription to the hash of its clientState; a subscription that is not in it may have
    any clientState."""

    url: str
    lifecycle_url: str
    state: str
    states: Mapping[str, str]

    def owns(self, subscription: Subscription) -> bool:
        """Returns whether the subscription is Hasten's, including one stored under an earlier
        address."""
        return subscription.url == self.url or subscription.id in self.states

    def is_outdated(self, subscription: Subscription) -> bool:
        """Returns whether the subscription must be replaced: Graph changes neither the clientState
        nor the address of an existing one."""
        has_state = self.states.get(subscription.id) == self.state
        return not has_state or subscription.url != self.url

    def is_being_written(self, subscription: Subscription, now: datetime) -> bool:
        is_young = subscription.expires > now + SUBSCRIPTION_LIFETIME - SAVED_WITHIN
        return is_young and subscription.id not in self.states

    def can_be_reminded(self, subscription: Subscription) -> bool:
        """Returns whether the subscription has Hasten's lifecycle address. Graph does not add one
        to an existing subscription."""
        return subscription.lifecycle_url == self.lifecycle_url


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionPlan:
    """The steps, in this order: deleting subscriptions that are no longer wanted makes room, and a
    subscription that covers a wanted group is deleted only after its successors exist."""

    orphans: Sequence[Subscription] = ()
    keep: Sequence[Subscription] = ()
    replace: Sequence[Subscription] = ()
    create: Sequence[str] = ()
    superseded: Sequence[Subscription] = ()
    renew: Sequence[Subscription] = ()

    @property
    def is_settled(self) -> bool:
        return not (self.orphans or self.renew or self.replace or self.create or self.superseded)


def resources(groups: Collection[str], *, people: bool = False) -> Sequence[str]:
    """Returns one resource for each group if they fit, else one for all groups; and one for all
    users if `people` are watched."""
    of_people = [USERS_RESOURCE] if people else []
    if len(groups) > MAX_SUBSCRIPTIONS:
        return [GROUPS_RESOURCE, *of_people]
    return [*(resource_of(group) for group in sorted(groups)), *of_people]


def resource_of(group: str) -> str:
    return f"groups/{group}".casefold()


def groups_of(resource: str, groups: Iterable[str]) -> Sequence[str]:
    """Returns those of `groups` that a subscription to `resource` covers."""
    return [group for group in sorted(groups) if resource in {GROUPS_RESOURCE, resource_of(group)}]


def plan_subscriptions(
    listed: Iterable[Subscription],
    groups: Collection[str],
    *,
    people: bool = False,
    ours: Ours,
    now: datetime,
) -> SubscriptionPlan:
    """Plans the changes. The plan never contains subscriptions of others, nor one that another
    instance has just created."""
    wanted = resources(groups, people=people)
    best: dict[str, Subscription] = {}
    orphans: list[Subscription] = []
    superseded: list[Subscription] = []
    owned = [s for s in listed if ours.owns(s) and s.expires > now]
    for subscription in sorted(owned, key=lambda s: _worth(s, ours), reverse=True):
        if subscription.resource in wanted:
            chosen = best.setdefault(subscription.resource, subscription)
            if chosen is not subscription:
                orphans.append(subscription)
        elif groups_of(subscription.resource, groups):
            superseded.append(subscription)
        else:
            orphans.append(subscription)
    in_writing = {key for key, s in best.items() if ours.is_being_written(s, now)}
    keep, renew, replace = [], [], []
    for subscription in (s for key, s in best.items() if key not in in_writing):
        is_late = subscription.expires - now <= SUBSCRIPTION_LIFETIME / 2
        if ours.is_outdated(subscription):
            replace.append(subscription)
        elif not is_late:
            keep.append(subscription)
        elif ours.can_be_reminded(subscription):
            renew.append(subscription)
        else:
            replace.append(subscription)
    return SubscriptionPlan(
        orphans=tuple(orphans),
        keep=tuple(keep),
        replace=tuple(replace),
        create=tuple(resource for resource in wanted if resource not in best),
        superseded=() if in_writing else tuple(superseded),
        renew=tuple(renew),
    )


def _worth(subscription: Subscription, ours: Ours) -> tuple[bool, bool, datetime, str]:
    """Sort key that decides which of several subscriptions to one resource is kept; the id decides
    between equals."""
    return (
        not ours.is_outdated(subscription),
        ours.can_be_reminded(subscription),
        subscription.expires,
        subscription.id,
    )
