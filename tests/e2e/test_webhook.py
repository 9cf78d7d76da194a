"""The webhook as Graph, and as a forger, meets it."""

from functools import partial
from typing import Any

import httpx
import pytest

from emulator.certificates import trusted
from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from hasten import settings
from hasten.limits import MAX_NOTIFICATION_BYTES
from hasten.ports.bus import DIRECTORY_CHANGES
from tests.support.tenant import Host, Tenant, eventually, newcomers

WATCHED = f"groups/{TOTAL_ENGINEERING}"


async def post(host: Host, **request: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        return await client.post(host.webhook, **request)


async def test_the_handshake_is_answered_with_the_decoded_token(tenant: Tenant) -> None:
    host = await tenant.host()

    answer = await post(host, params={"validationToken": "Validation: a+b / ü <b>"})

    assert (answer.status_code, answer.text) == (200, "Validation: a+b / ü <b>")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_refused_notifications_are_answered_and_queue_nothing(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    before = tenant.servicebus.stats()[DIRECTORY_CHANGES]["incoming"]
    true = true_notification(tenant, host)
    refused: list[tuple[int, str, dict[str, Any]]] = [
        (400, "bad_json", {"content": b"{not json"}),
        (413, "too_large", {"content": b" " * (MAX_NOTIFICATION_BYTES + 1)}),
        (202, "refused_ours", {"json": changed(true, clientState="forged")}),
        (202, "wrong_tenant", {"json": changed(true, tenantId=object_id("tenant/other"))}),
        (202, "unknown_subscription", {"json": changed(true, subscriptionId=object_id("none"))}),
        (202, "not_assigned", {"json": changed(true, resource=f"Users/{object_id('user/1')}")}),
    ]

    for status, _, request in refused:
        assert (await post(host, **request)).status_code == status

    counted = [event["result"] for event in host.events() if event["event"] == "notification"]
    # On a busy machine the store may be too slow to note what came.
    said = [result for result in counted if result != "not_noted"]
    assert said == [result for _, result, _ in refused]
    assert tenant.servicebus.stats()[DIRECTORY_CHANGES]["incoming"] == before
    assert await tenant.calls_made() == 0


async def test_the_same_notification_with_nothing_changed_is_believed(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    before = tenant.servicebus.stats()[DIRECTORY_CHANGES]["incoming"]

    answer = await post(host, json=changed(true_notification(tenant, host)))

    assert answer.status_code == 202
    assert tenant.servicebus.stats()[DIRECTORY_CHANGES]["incoming"] == before + 1


async def test_a_replayed_notification_calls_nobody_again(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [joiner] = newcomers(1)
    await tenant.admin.join(TOTAL_ENGINEERING, joiner)
    await eventually(partial(tenant.are_in, [joiner]))
    await eventually(tenant.is_quiet)

    assert await tenant.admin.replay() == 202
    await eventually(tenant.is_quiet)

    assert await tenant.named_in_calls() == [joiner]


async def test_when_service_bus_is_down_graph_gets_an_error_and_its_retry_brings_the_change(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [joiner] = newcomers(1)
    await tenant.servicebus.stop()

    await tenant.admin.join(TOTAL_ENGINEERING, joiner)
    await eventually(partial(_was_answered, tenant, 503))
    await tenant.servicebus.start()

    await eventually(partial(tenant.are_in, [joiner]))


async def _was_answered(tenant: Tenant, status: int) -> bool:
    return any(row["status"] == status for row in await tenant.admin.deliveries())


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_only_post_is_served(tenant: Tenant, method: str) -> None:
    host = await tenant.host()

    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        answer = await client.request(method, host.webhook)

    assert answer.status_code in {404, 405}


def true_notification(tenant: Tenant, host: Host) -> dict[str, Any]:
    known = tenant.documents("subscriptions")
    subscription = next(key for key, row in known.items() if row["resource"] == WATCHED)
    return {
        "changeType": "updated",
        "clientState": settings.load(host.settings).client_state,
        "resource": f"Groups/{TOTAL_ENGINEERING}",
        "resourceData": {"id": TOTAL_ENGINEERING, "members@delta": []},
        "subscriptionId": subscription,
        "tenantId": tenant.graph.tenant.id,
    }


def changed(notification: dict[str, Any], **changes: str) -> dict[str, Any]:
    return {"value": [{**notification, **changes}]}
