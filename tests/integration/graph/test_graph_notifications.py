"""Subscriptions and the delivery of change notifications, over HTTP."""

import asyncio
from typing import Any

from emulator.clock import iso
from emulator.graph.seed import TOTAL_ADMIN, TOTAL_ENGINEERING

RESOURCE = f"groups/{TOTAL_ENGINEERING}"


async def subscribed(graph: Any, webhook: Any, resource: str = RESOURCE) -> dict[str, Any]:
    answer = await graph.subscribe(webhook.url, resource)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def test_the_webhook_is_notified_of_a_joiner_and_a_leaver(
    graph: Any, webhook: Any, joiner: str
) -> None:
    subscription = await subscribed(graph, webhook)

    await graph.join(joiner)
    (joined,) = await webhook.next()
    await graph.leave(joiner)
    (left,) = await webhook.next()

    assert joined["subscriptionId"] == subscription["id"]
    assert joined["clientState"] == "secret"
    assert joined["resource"] == f"Groups/{TOTAL_ENGINEERING}"
    assert joined["resourceData"]["members@delta"] == [{"id": joiner}]
    assert left["resourceData"]["members@delta"] == [{"id": joiner, "@removed": "deleted"}]


async def test_a_webhook_that_does_not_echo_the_decoded_token_gets_no_subscription(
    graph: Any, webhook: Any
) -> None:
    webhook.echo = lambda token: token.replace(" ", "%20")

    answer = await graph.subscribe(webhook.url, RESOURCE)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ValidationError")
    assert (await graph.get("/v1.0/subscriptions"))["value"] == []


async def test_a_second_subscription_to_the_same_changes_is_a_conflict(
    graph: Any, webhook: Any
) -> None:
    first = await subscribed(graph, webhook)

    answer = await graph.subscribe(webhook.url, f"/{RESOURCE}")

    assert answer.status_code == 409
    assert first["id"] in answer.json()["error"]["message"]


async def test_an_invalid_subscription_is_refused_before_the_handshake(graph: Any) -> None:
    now = (await graph.get("/emulator/clock"))["emulated"]
    body = {
        "changeType": "updated",
        "notificationUrl": "http://127.0.0.1:1/nobody-is-asked",
        "resource": RESOURCE,
        "expirationDateTime": iso(now + 3600),
        "clientState": "secret",
    }
    wrong = [
        {"expirationDateTime": iso(now - 60)},
        {"expirationDateTime": iso(now + 41_761 * 60)},
        {"clientState": "x" * 129},
        {"changeType": "created"},
        {"resource": f"users/{TOTAL_ADMIN}/memberOf"},
        {"notificationUrl": "http://example.com/h"},
        {"notificationUrl": ""},
    ]

    answers = [await graph.post("/v1.0/subscriptions", {**body, **part}) for part in wrong]

    errors = [(answer.status_code, answer.json()["error"]["code"]) for answer in answers]
    assert errors == [(400, "InvalidRequest")] * len(wrong)


async def test_the_secret_is_not_shown_again_and_a_renewal_keeps_the_subscription(
    graph: Any, webhook: Any
) -> None:
    created = await subscribed(graph, webhook)
    later = iso((await graph.get("/emulator/clock"))["emulated"] + 10 * 86400)

    renewed = await graph.http.patch(
        f"/v1.0/subscriptions/{created['id']}", json={"expirationDateTime": later}
    )
    listed = (await graph.get("/v1.0/subscriptions"))["value"]

    assert created["clientState"] == "secret"
    assert renewed.json()["expirationDateTime"][:19] == later[:19]
    assert [(s["id"], s["clientState"]) for s in listed] == [(created["id"], None)]


async def test_a_subscription_that_was_deleted_is_gone_and_makes_room_for_another(
    graph: Any, webhook: Any
) -> None:
    subscription = await subscribed(graph, webhook)

    answer = await graph.http.delete(f"/v1.0/subscriptions/{subscription['id']}")

    assert answer.status_code == 204
    assert (await graph.get("/v1.0/subscriptions"))["value"] == []
    await subscribed(graph, webhook)


async def test_an_expired_subscription_is_gone_and_gets_nothing(
    graph: Any, webhook: Any, joiner: str
) -> None:
    created = await subscribed(graph, webhook)

    await graph.post("/emulator/clock", {"advance_seconds": 2 * 86400})
    await graph.join(joiner)
    answer = await graph.http.get(f"/v1.0/subscriptions/{created['id']}")

    assert answer.status_code == 404
    assert await graph.get("/emulator/deliveries") == []


async def test_a_lifecycle_event_goes_to_the_address_for_them(graph: Any, webhook: Any) -> None:
    now = (await graph.get("/emulator/clock"))["emulated"]
    answer = await graph.post(
        "/v1.0/subscriptions",
        {
            "changeType": "updated",
            "notificationUrl": webhook.url,
            "lifecycleNotificationUrl": webhook.url,
            "resource": RESOURCE,
            "expirationDateTime": iso(now + 86400),
            "clientState": "secret",
        },
    )
    subscription = answer.json()

    await graph.post(f"/emulator/subscriptions/{subscription['id']}/lifecycle", {})
    (told,) = await webhook.next()

    assert told == {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "tenantId": graph.server.tenant.id,
        "clientState": "secret",
        "lifecycleEvent": "reauthorizationRequired",
    }


async def test_the_last_notification_can_be_replayed(graph: Any, webhook: Any, joiner: str) -> None:
    await subscribed(graph, webhook)
    await graph.join(joiner)
    first = await webhook.next()
    await _delivered(graph, 1)

    answer = await graph.post("/emulator/notifications/replay")

    assert answer.json() == {"status": 202}
    assert await webhook.next() == first
    assert len(await graph.get("/emulator/deliveries")) == 1


async def test_a_refused_notification_is_sent_again(start: Any, webhook: Any, joiner: str) -> None:
    graph = await start(speed=50)
    await subscribed(graph, webhook)
    webhook.answers = [503, 500]

    await graph.join(joiner)
    told = [await webhook.next() for _ in range(3)]
    rows = await _delivered(graph, 3)

    assert told[0] == told[1] == told[2]
    assert [(row["attempt"], row["status"]) for row in rows] == [(1, 503), (2, 500), (3, 202)]
    assert all(row["changed_at"] <= row["at"] <= row["received_at"] for row in rows)
    assert rows[0]["users"] == [joiner]


async def test_changes_that_come_together_share_one_notification(
    graph: Any, webhook: Any, joiner: str
) -> None:
    await subscribed(graph, webhook)
    await subscribed(graph, webhook, f"groups/{TOTAL_ADMIN}")

    await asyncio.gather(graph.join(joiner), graph.join(joiner, TOTAL_ADMIN))
    items = await webhook.next()

    groups = {item["resourceData"]["id"] for item in items}
    assert groups == {TOTAL_ENGINEERING, TOTAL_ADMIN}


async def test_notifications_can_be_dropped_and_duplicated(
    graph: Any, webhook: Any, joiner: str
) -> None:
    await subscribed(graph, webhook)
    await graph.post("/emulator/faults", {"notifications": "drop", "times": 1})
    await graph.post("/emulator/faults", {"notifications": "duplicate", "times": 1})

    await graph.join(joiner)
    rows = await _delivered(graph, 1)
    await graph.leave(joiner)
    twice = [await webhook.next() for _ in range(2)]

    assert [row["error"] for row in rows] == ["dropped"]
    assert twice[0] == twice[1]
    assert "@removed" in twice[0][0]["resourceData"]["members@delta"][0]


async def test_a_notification_can_come_after_the_next_one(
    graph: Any, webhook: Any, joiner: str
) -> None:
    await subscribed(graph, webhook, "users")
    await graph.post("/emulator/faults", {"notifications": "reorder"})

    for title in ("first", "second"):
        await graph.http.patch(f"/v1.0/users/{joiner}", json={"jobTitle": title})
        await _delivered(graph, 1)
    (newer,), (older,) = await webhook.next(), await webhook.next()

    numbers = [item["resourceData"]["sequenceNumber"] for item in (newer, older)]
    assert numbers[0] > numbers[1]


async def test_each_of_disable_delete_restore_and_purge_sends_a_notification(
    graph: Any, webhook: Any, joiner: str
) -> None:
    await graph.post(
        "/v1.0/subscriptions",
        {
            "changeType": "updated,deleted",
            "notificationUrl": webhook.url,
            "resource": "users",
            "expirationDateTime": iso(graph.server.tenant.clock.time() + 86400),
            "clientState": "secret",
        },
    )
    path, deleted = f"/v1.0/users/{joiner}", f"/v1.0/directory/deletedItems/{joiner}"
    told = []

    for method, url, body in (
        ("PATCH", path, {"accountEnabled": False}),
        ("DELETE", path, None),
        ("POST", f"{deleted}/restore", None),
        ("DELETE", path, None),
        ("DELETE", deleted, None),
    ):
        assert (await graph.http.request(method, url, json=body)).is_success
        (item,) = await webhook.next()
        told.append((item["resourceData"]["id"], item["changeType"]))

    assert told == [(joiner, "updated")] * 4 + [(joiner, "deleted")]


async def test_subscriptions_can_vanish_without_a_word(
    graph: Any, webhook: Any, joiner: str
) -> None:
    await subscribed(graph, webhook)
    every = await subscribed(graph, webhook, "/groups")
    listed = (await graph.get("/v1.0/subscriptions"))["value"]

    await graph.post("/emulator/subscriptions/clear")
    renewed = await graph.http.patch(
        f"/v1.0/subscriptions/{every['id']}", json={"expirationDateTime": iso(2e9)}
    )
    await graph.join(joiner)

    assert len(listed) == 2
    assert renewed.status_code == 404
    assert (await graph.get("/v1.0/subscriptions"))["value"] == []
    assert await graph.get("/emulator/deliveries") == []


async def _delivered(graph: Any, count: int) -> list[dict[str, Any]]:
    """The log of deliveries once it has `count` rows."""
    async with asyncio.timeout(10):
        while True:
            rows: list[dict[str, Any]] = await graph.get("/emulator/deliveries")
            if len(rows) >= count:
                return rows
