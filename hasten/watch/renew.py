"""Renews a subscription. The timer and lifecycle events may both ask for it; Graph asks for one
renewal."""

from dataclasses import replace
from datetime import datetime

from hasten.context import Context
from hasten.errors import Conflict, TemporaryError
from hasten.limits import MIN_RENEWAL_INTERVAL, SUBSCRIPTION_LIFETIME
from hasten.records import subscriptions
from hasten.telemetry.subscriptions import SubscriptionChanged


async def renew(context: Context, subscription: str) -> bool:
    """Sends one PATCH of the expiry, which also reauthorizes the subscription; sends none if the
    last one is less than MIN_RENEWAL_INTERVAL old. Returns False if Graph no longer knows the
    subscription, and forgets it.

    Saves the start of the renewal with the record's etag first, so that only one of two concurrent
    callers sends the PATCH. Raises TemporaryError when the last PATCH has had no effect and it is
    too soon for another.
    """
    record = await subscriptions.load(context.store, subscription)
    if record is None:
        return False
    now = context.now()
    if record.renewed_at is not None and now - record.renewed_at < MIN_RENEWAL_INTERVAL:
        if not record.answered:
            raise TemporaryError(
                f"the renewal of the subscription to {record.resource} was not answered",
                record.renewed_at + MIN_RENEWAL_INTERVAL - now,
            )
        return True
    try:
        begun = replace(record, renewed_at=now, answered=False)
        await subscriptions.save(context.store, begun)
    except Conflict:
        return True  # another instance renews it
    renewed = await context.directory.renew(subscription, now + SUBSCRIPTION_LIFETIME)
    if renewed is None:
        await subscriptions.forget(context.store, subscription)
        return False
    expires = datetime.fromisoformat(str(renewed["expirationDateTime"]))
    await subscriptions.renewed(context.store, subscription, expires)
    context.emit(SubscriptionChanged(result="renewed", resource=record.resource))
    return True
