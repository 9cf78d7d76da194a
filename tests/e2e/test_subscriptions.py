"""Subscriptions with an emulated Graph: lost behind our back, reauthorized, and the gap found."""

from datetime import datetime
from functools import partial
from typing import Any

import httpx

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL_ENGINEERING
from tests.support.tenant import Host, Tenant, eventually, newcomers


async def subscriptions(tenant: Tenant) -> list[dict[str, Any]]:
    return [subscription.shown() for subscription in tenant.graph.tenant.subscriptions.live()]


async def test_one_deleted_behind_our_back_is_made_again_and_the_gap_reconciled(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    await host.fire("look")
    before = await subscriptions(tenant)
    tenant.graph.tenant.subscriptions.clear()
    [joiner] = newcomers(1)
    await tenant.admin.join(TOTAL_ENGINEERING, joiner)

    await host.fire("look")
    await eventually(partial(tenant.are_in, [joiner]))
    await host.fire("renew")

    after = await subscriptions(tenant)
    assert {s["resource"] for s in after} == {s["resource"] for s in before}
    assert found_by(host, joiner) == ["reconcile"]


def found_by(host: Host, user: str) -> list[str]:
    found = [e for e in host.events() if (e["event"], e["result"]) == ("change", "found")]
    return [event["found_by"] for event in found if event["user"] == user]


async def test_a_reauthorization_is_one_patch_that_renews(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    first, *_ = tenant.graph.tenant.subscriptions.live()
    before = first.expires
    event = {
        "value": [
            {
                "subscriptionId": first.id,
                "subscriptionExpirationDateTime": first.shown()["expirationDateTime"],
                "tenantId": tenant.graph.tenant.id,
                "clientState": first.client_state,
                "lifecycleEvent": "reauthorizationRequired",
            }
        ]
    }

    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        answers = [
            (await client.post(first.lifecycle_url or "", json=event)).status_code for _ in range(3)
        ]
    await eventually(tenant.is_quiet)

    requests = await tenant.admin._get(f"/emulator/requests?path={first.id}")
    assert answers == [202, 202, 202]
    assert [request["method"] for request in requests] == ["PATCH"]
    assert first.expires > before
    record = tenant.documents("subscriptions")[first.id]
    assert abs(datetime.fromisoformat(record["expires"]).timestamp() - first.expires) < 1
