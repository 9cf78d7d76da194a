"""Handles Graph's lifecycle notifications about subscriptions."""

from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.domain.notifications import LifecycleEvent
from hasten.domain.subscribing import USERS_RESOURCE, groups_of
from hasten.messages import SubscriptionEvent
from hasten.records import discovered, subscriptions
from hasten.telemetry.subscriptions import LifecycleReceived
from hasten.watch.people_delta import reconcile_people
from hasten.watch.renew import renew
from hasten.watch.subscriptions import ensure_subscriptions, look_at


async def handle_lifecycle(context: Context, event: SubscriptionEvent) -> None:
    """Reauthorizes the subscription with one PATCH. After any other event, notifications may be
    missing: Hasten looks at the groups of the subscription, or reads the delta of all users, and
    compares all subscriptions.

    Raises TemporaryError and PermanentError of Graph.
    """
    record = await subscriptions.load(context.store, event.subscription)
    context.emit(LifecycleReceived(result=event.event, subscription=event.subscription))
    if record is None:
        return  # the subscription was replaced, and its groups were looked at then
    watched = await discovered.watched(context.store)
    if event.event is LifecycleEvent.REAUTHORIZATION_REQUIRED:
        if await renew(context, record.id):
            return
    else:
        await look_at(context, groups_of(record.resource, watched), FoundBy.LIFECYCLE)
        if record.resource == USERS_RESOURCE:
            await reconcile_people(context)
    await ensure_subscriptions(context, watched)
