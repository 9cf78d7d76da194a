"""Notifications that Graph never sent."""

import json
from random import Random

from emulator.graph.tenant import Tenant
from hasten.settings import Settings


def lie(tenant: Tenant, settings: Settings, random: Random, *, knows_the_secret: bool) -> bytes:
    """Claims changes that did not happen, of real users in a group that is watched (or in any).
    Who knows the secret writes what Graph would write, but for the truth."""
    users = [{"id": user} for user in random.sample(sorted(tenant.directory.users), 3)]
    group = random.choice(sorted(tenant.directory.groups))
    live = sorted(tenant.subscriptions.live(), key=lambda known: known.id)
    told = [known for known in live if known.resource.endswith(group)] or live
    item = {
        "changeType": "updated",
        "clientState": settings.client_state if knows_the_secret else "0" * 64,
        "resource": f"Groups/{group}",
        "resourceData": {
            "id": group,
            "members@delta": [users[0], {**users[1], "@removed": "deleted"}, users[2]],
        },
        "subscriptionId": told[0].id if told else "00000000-0000-4000-8000-000000000000",
        "tenantId": tenant.id,
    }
    return json.dumps({"value": [item]}).encode()
