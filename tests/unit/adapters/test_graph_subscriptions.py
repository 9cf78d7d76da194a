"""Subscriptions of the Graph adapter."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.ports.directory_errors import AlreadyExists
from tests.support.graph_wire import GROUP, Wire, ok, refused
from tests.support.virtual_time import virtual

EXPIRES = datetime(2026, 12, 1, tzinfo=UTC)
SHOWN = {"id": "s", "resource": f"groups/{GROUP}", "expirationDateTime": "2026-12-01T00:00:00Z"}


async def subscribe(wire: Wire) -> Json:
    return await wire.directory().subscribe(
        resource=f"groups/{GROUP}",
        url="https://app.test/hook",
        lifecycle_url="https://app.test/lifecycle",
        client_state="s3",
        expires=EXPIRES,
    )


@virtual
async def test_a_subscription_is_made_for_updates_with_our_client_state() -> None:
    wire = Wire(httpx.Response(201, json=SHOWN))

    made = await subscribe(wire)

    sent = json.loads(wire.requests[0].content)
    assert made["id"] == "s"
    assert (sent["changeType"], sent["resource"]) == ("updated", f"groups/{GROUP}")
    assert (sent["clientState"], sent["notificationUrl"]) == ("s3", "https://app.test/hook")
    assert sent["lifecycleNotificationUrl"] == "https://app.test/lifecycle"
    assert datetime.fromisoformat(sent["expirationDateTime"]) == EXPIRES


@virtual
async def test_a_second_subscription_to_the_same_resource_has_its_own_error() -> None:
    wire = Wire(refused(409, "ExtensionError", "Subscription Id already exists"))

    with pytest.raises(AlreadyExists):
        await subscribe(wire)

    assert len(wire.requests) == 1


@virtual
async def test_a_subscription_to_what_is_gone_is_permanent() -> None:
    with pytest.raises(PermanentError, match="404"):
        await subscribe(Wire(refused(404)))


@pytest.mark.parametrize("blip", [refused(503), refused(429), httpx.ReadError("reset")])
def test_a_subscription_is_never_made_twice(blip: httpx.Response | Exception) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(blip)

        with pytest.raises(TemporaryError):
            await subscribe(wire)

        assert len(wire.requests) == 1

    scenario()


@virtual
async def test_a_renewal_changes_the_expiry_alone() -> None:
    wire = Wire(httpx.Response(200, json=SHOWN))

    renewed = await wire.directory().renew("s", EXPIRES)

    [request] = wire.requests
    sent = json.loads(request.content)
    sent.pop("@odata.type", None)
    assert (request.method, request.url.path) == ("PATCH", "/v1.0/subscriptions/s")
    assert [*sent] == ["expirationDateTime"]
    assert renewed == SHOWN


@virtual
async def test_a_renewal_of_a_subscription_that_is_gone_is_none() -> None:
    assert await Wire(refused(404)).directory().renew("s", EXPIRES) is None


@virtual
async def test_a_renewal_that_meets_another_is_tried_again() -> None:
    wire = Wire(refused(409), httpx.Response(200, json=SHOWN))

    assert await wire.directory().renew("s", EXPIRES) == SHOWN


@virtual
async def test_deleting_a_subscription_that_is_gone_is_no_error() -> None:
    for answer in (httpx.Response(204), refused(404)):
        wire = Wire(answer)

        await wire.directory().unsubscribe("s")

        [request] = wire.requests
        assert (request.method, request.url.path) == ("DELETE", "/v1.0/subscriptions/s")


@pytest.mark.parametrize("garbled", ["x", None, {}, {"id": 7}, {"id": GROUP, "resource": []}])
@virtual
async def test_a_garbled_subscription_of_the_list_hurts_no_other(garbled: object) -> None:
    found = await Wire(ok({"value": [garbled, SHOWN]})).directory().subscriptions()

    assert found.listed == [SHOWN]
    is_named = isinstance(garbled, dict) and garbled.get("id") == GROUP
    assert list(found.unread) == [GROUP if is_named else ""]
