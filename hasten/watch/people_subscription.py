"""Keeps a refused subscription to users from stopping those to groups. It needs a permission of its
own, and without it the timers still find who changed."""

from collections.abc import Iterable

from hasten.context import Context
from hasten.domain.subscribing import USERS_RESOURCE
from hasten.errors import PermanentError
from hasten.records import people_refusal
from hasten.records.people_refusal import SubscriptionRefusal
from hasten.telemetry.people import PeopleNotWatched

GRANT_NEXT_ACTION = (
    "grant the application permission User.Read.All to Hasten's identity; until then Hasten finds "
    "changed people within five minutes, and disabled ones within the hour at the latest"
)


async def wants_people(context: Context, subscribed: Iterable[str]) -> bool:
    """Returns whether a subscription to users is wanted now. `subscribed` are the resources of the
    existing subscriptions: an existing one to users stays, whatever Graph refused before."""
    if not context.watches_people or USERS_RESOURCE in subscribed:
        return context.watches_people
    refusal = await people_refusal.load(context.store)
    return refusal is None or not refusal.holds(context.now())


async def refused(context: Context, error: PermanentError) -> None:
    """Notes the refusal, and emits it."""
    refusal = SubscriptionRefusal(
        reason=error.reason, next_action=GRANT_NEXT_ACTION, at=context.now()
    )
    await people_refusal.save(context.store, refusal)
    context.emit(PeopleNotWatched(reason=error.reason, next_action=GRANT_NEXT_ACTION))


async def forget_refusal(context: Context, resource: str) -> None:
    """Forgets an earlier refusal once there is a subscription to users."""
    if resource == USERS_RESOURCE:
        await people_refusal.forget(context.store)
