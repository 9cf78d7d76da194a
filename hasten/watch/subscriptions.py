"""Keeps the subscriptions to the watched groups: compares the subscriptions in Graph with the
wanted ones."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.domain.subscribing import (
    USERS_RESOURCE,
    Ours,
    Subscription,
    SubscriptionPlan,
    groups_of,
    plan_subscriptions,
)
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.limits import SUBSCRIPTION_LIFETIME
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_errors import AlreadyExists
from hasten.records import subscriptions
from hasten.records.subscriptions import SubscriptionRecord
from hasten.telemetry.subscriptions import SubscriptionChanged, SubscriptionsUnread
from hasten.watch.people_subscription import forget_refusal, refused, wants_people
from hasten.watch.renew import renew


async def subscriptions_settled(context: Context, groups: Collection[str]) -> bool:
    """Returns True if the stored records show nothing to do. It sends no request to Graph."""
    records = await subscriptions.load_all(context.store)
    believed = _believed(context, records)
    ours = _ours(context, records)
    people = await wants_people(context, [one.resource for one in believed])
    plan = plan_subscriptions(believed, groups, people=people, ours=ours, now=context.now())
    return plan.is_settled


async def ensure_subscriptions(context: Context, groups: Collection[str]) -> None:
    """Creates, renews and removes subscriptions; sends one list request when there is nothing to
    do. Hasten looks once more at each group whose subscription is new, to find changes from before
    it.

    If Graph contradicts its own list, Hasten compares once more: another instance may have been
    faster, or a lagging replica returned the list. One subscription that Graph refuses, or whose
    answer cannot be read, does not delay the others.

    Raises PermanentError if Graph has a subscription that is not Hasten's, and the worst
    TemporaryError or PermanentError of Graph at the end.
    """
    for _ in range(2):
        differing = await _ensure_once(context, groups)
        if not differing:
            return
    raise PermanentError(
        f"Graph has a subscription to {differing[0]} that is not ours",
        "remove that subscription, or give Hasten an app registration of its own",
    )


async def _ensure_once(context: Context, groups: Collection[str]) -> Sequence[str]:
    """Returns the resources whose subscription exists though Graph did not list it, or is gone
    though Graph listed it."""
    records = {record.id: record for record in await subscriptions.load_all(context.store)}
    listed = await _listed(context, records)
    ours = _ours(context, records.values())
    people = await wants_people(context, [one.resource for one in listed])
    plan = plan_subscriptions(listed, groups, people=people, ours=ours, now=context.now())
    errors = ErrorCollector()
    for orphan in plan.orphans:
        with errors.collect():
            await _remove(context, orphan)
    for collect in plan.keep:
        if collect.expires != records[collect.id].expires:  # the answer to a renewal was lost
            await subscriptions.renewed(context.store, collect.id, collect.expires)
    blocked, made_all = await _make(context, plan, groups, errors)
    if blocked:
        return blocked
    for lost in records.keys() - {subscription.id for subscription in listed}:
        await subscriptions.forget(context.store, lost)
    if made_all:
        with errors.collect():
            await _remove_superseded(context, plan, groups)
    gone = await _renew_all(context, plan, errors)
    if not gone:
        errors.raise_worst()
    return gone


async def _listed(
    context: Context, records: Mapping[str, SubscriptionRecord]
) -> Sequence[Subscription]:
    """Returns the subscriptions that Graph lists. If the list may hide a subscription, Hasten takes
    its own record of it, because its absence proves nothing. Such a subscription counts as due: the
    answer to its renewal says whether it exists."""
    found = await context.directory.subscriptions()
    listed = [_read(item) for item in found.listed]
    if found.unread:
        ids = [one for one in found.unread if one]
        context.emit(SubscriptionsUnread(entries=len(found.unread), subscriptions=ids))
    shown = {one.id for one in listed}
    hidden = [one for one in records.values() if one.id not in shown and found.may_hide(one.id)]
    due = context.now() + SUBSCRIPTION_LIFETIME / 2
    return [*listed, *(replace(one, expires=due) for one in _believed(context, hidden))]


def _believed(context: Context, records: Iterable[SubscriptionRecord]) -> list[Subscription]:
    """Returns the subscriptions as the store knows them."""
    return [
        Subscription(
            id=record.id,
            resource=record.resource,
            url=context.settings.notification_url,
            lifecycle_url=context.settings.lifecycle_url,
            expires=record.expires,
        )
        for record in records
    ]


async def _renew_all(
    context: Context, plan: SubscriptionPlan, errors: ErrorCollector
) -> Sequence[str]:
    """Returns the resources whose subscription is gone."""
    gone: list[str] = []
    for due in plan.renew:
        with errors.collect():
            try:
                is_known = await renew(context, due.id)
            except PermanentError as error:
                if due.resource != USERS_RESOURCE:
                    raise
                await refused(context, error)
                continue
            if not is_known:
                gone.append(due.resource)
    return gone


async def _make(
    context: Context, plan: SubscriptionPlan, groups: Collection[str], errors: ErrorCollector
) -> tuple[Sequence[str], bool]:
    """Returns the resources that already have a subscription, and True if all others could be
    created; one to users that Graph refuses does not count. Graph allows no second subscription to
    a resource, so the old one is removed just before."""
    outdated = {subscription.resource: subscription for subscription in plan.replace}
    blocked: list[str] = []
    made = 0
    for resource in (*outdated, *plan.create):
        with errors.collect():
            if resource in outdated:
                await _remove(context, outdated[resource])
            try:
                await _create(context, resource)
            except AlreadyExists:
                blocked.append(resource)
                continue
            except PermanentError as error:
                if resource != USERS_RESOURCE:
                    raise
                await refused(context, error)  # the groups do not wait for it
            else:
                await forget_refusal(context, resource)
            made += 1
            if not plan.superseded:
                await look_at(context, groups_of(resource, groups), FoundBy.SUBSCRIPTION)
    return blocked, made + len(blocked) == len(outdated) + len(plan.create)


async def _remove_superseded(
    context: Context, plan: SubscriptionPlan, groups: Collection[str]
) -> None:
    """Removes the superseded subscriptions and then looks at the groups, so that the looks find
    changes that neither the old nor the new subscriptions reported."""
    for old in plan.superseded:
        await _remove(context, old)
    if plan.superseded:
        await look_at(context, sorted(groups), FoundBy.SUBSCRIPTION)


async def _create(context: Context, resource: str) -> None:
    created = await context.directory.subscribe(
        resource=resource,
        url=context.settings.notification_url,
        lifecycle_url=context.settings.lifecycle_url,
        client_state=context.settings.client_state,
        expires=context.now() + SUBSCRIPTION_LIFETIME,
    )
    made = _read(created)
    record = SubscriptionRecord(
        id=made.id,
        resource=resource,
        expires=made.expires,
        state=subscriptions.mark(context.settings.client_state),
    )
    await subscriptions.save(context.store, record)
    context.emit(SubscriptionChanged(result="created", resource=resource))


async def _remove(context: Context, subscription: Subscription) -> None:
    await context.directory.unsubscribe(subscription.id)
    await subscriptions.forget(context.store, subscription.id)
    context.emit(SubscriptionChanged(result="removed", resource=subscription.resource))


async def look_at(context: Context, groups: Sequence[str], found_by: FoundBy) -> None:
    """Queues a look at each of the groups, without hints."""
    now = context.now()
    looks = [
        Look(group=group, noticed_at=now, found_by=found_by).message(context.new_id())
        for group in groups
    ]
    if looks:
        await context.bus.send(DIRECTORY_CHANGES, looks)


def _ours(context: Context, records: Iterable[SubscriptionRecord]) -> Ours:
    return Ours(
        url=context.settings.notification_url,
        lifecycle_url=context.settings.lifecycle_url,
        state=subscriptions.mark(context.settings.client_state),
        states={record.id: record.state for record in records},
    )


def _read(item: Json) -> Subscription:
    return Subscription(
        id=str(item["id"]).lower(),
        resource=str(item["resource"]).strip("/").casefold(),
        url=str(item.get("notificationUrl")),
        lifecycle_url=item.get("lifecycleNotificationUrl"),
        expires=datetime.fromisoformat(item["expirationDateTime"]),
    )
