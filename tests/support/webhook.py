"""The webhook as a unit test drives it: notifications of one watched group and one subscription."""

import json
from typing import Any

from hasten.ports.store import Put
from hasten.records import subscriptions
from hasten.telemetry.notifications import NotificationsRefused
from hasten.watch.webhook import Receiving
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, World, user

TENANT = "0000dddd-0000-4000-8000-000000000001"
SUBSCRIPTION = "0000eeee-0000-4000-8000-000000000001"
CLIENT_STATE = "our secret"


async def receiving(world: World) -> Receiving:
    known = Put(SUBSCRIPTION, {"group": ENGINEERING, "expires": now().isoformat(), "state": ""})
    await world.store.commit(
        subscriptions.SUBSCRIPTIONS_COLLECTION, subscriptions.SUBSCRIPTIONS_PARTITION, [known]
    )
    await world.is_discovered()
    return Receiving(
        store=world.store,
        bus=world.bus,
        emit=world.events.append,
        now=now,
        tenant=TENANT,
        is_ours=lambda presented: presented == CLIENT_STATE,
    )


def item(**changes: Any) -> dict[str, Any]:
    return {
        "changeType": "updated",
        "clientState": CLIENT_STATE,
        "resource": f"Groups/{ENGINEERING}",
        "resourceData": {"id": ENGINEERING, "members@delta": [{"id": user(1)}]},
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        **changes,
    }


def body(*items: object) -> bytes:
    return json.dumps({"value": items}).encode()


def refused(world: World) -> dict[str, int]:
    found = [e for e in world.events if isinstance(e, NotificationsRefused)]
    return {event.result: event.count for event in found}
