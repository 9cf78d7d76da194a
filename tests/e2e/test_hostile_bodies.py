"""Whatever a stranger posts over HTTP has no effect, and the webhook never fails because of it."""

import json
import os
from collections import Counter

import httpx

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL_ENGINEERING
from hasten import settings
from tests.support.hostile_notifications import hostile
from tests.support.tenant import Host, Tenant

BODIES = int(os.environ.get("HASTEN_HOSTILE", "500"))


async def test_hostile_bodies_have_no_effect_and_are_never_answered_with_a_fault(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    answers: Counter[int] = Counter()

    async with httpx.AsyncClient(trust_env=False, timeout=30, verify=trusted()) as client:
        for body in hostile(1, _true(tenant, host), BODIES):
            answers[(await client.post(host.webhook, content=body)).status_code] += 1
        queued = _queued(host)
        true = json.dumps({"value": [_true(tenant, host)]})
        assert (await client.post(host.webhook, content=true)).status_code == 202

    assert (queued, _queued(host)) == (0, 1)
    assert set(answers) <= {202, 400, 413}
    assert answers.total() == BODIES
    assert min(answers[202], answers[400]) > BODIES / 10
    assert await tenant.calls_made() == 0


def _queued(host: Host) -> int:
    """Returns how often the webhook has queued anything."""
    return sum((one["event"], one["result"]) == ("notification", "queued") for one in host.events())


def _true(tenant: Tenant, host: Host) -> dict[str, object]:
    known = tenant.documents("subscriptions")
    watched = f"groups/{TOTAL_ENGINEERING}"
    return {
        "changeType": "updated",
        "clientState": settings.load(host.settings).client_state,
        "resource": f"Groups/{TOTAL_ENGINEERING}",
        "resourceData": {"id": TOTAL_ENGINEERING, "members@delta": []},
        "subscriptionId": next(key for key, row in known.items() if row["resource"] == watched),
        "tenantId": tenant.graph.tenant.id,
    }
