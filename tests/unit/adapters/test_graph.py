"""What the Graph adapter asks, and what it makes of the answers."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError

from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory import DeltaExpired, Member
from tests.support.graph_wire import (
    ALICE,
    APP,
    BASE,
    BOB,
    GROUP,
    Credential,
    Wire,
    delta,
    ok,
    refused,
)
from tests.support.virtual_time import virtual


@virtual
async def test_watching_starts_at_the_latest_delta_token_and_asks_for_members_only() -> None:
    wire = Wire(ok({"value": [], "@odata.deltaLink": f"{BASE}/groups/delta?$deltatoken=1"}))

    link = await wire.directory().membership_start(GROUP)

    [request] = wire.requests
    assert dict(request.url.params) == {
        "$filter": f"id eq '{GROUP}'",
        "$select": "id,members",
        "$deltatoken": "latest",
    }
    assert request.headers["Authorization"] == "Bearer a-token"
    assert link == f"{BASE}/groups/delta?$deltatoken=1"


@virtual
async def test_a_delta_is_read_over_all_pages_even_empty_ones_and_merged() -> None:
    user = {"@odata.type": "#microsoft.graph.user"}
    wire = Wire(
        delta([{**user, "id": ALICE}], nextLink=f"{BASE}/groups/delta?$skiptoken=1"),
        ok({"value": [], "@odata.nextLink": f"{BASE}/groups/delta?$skiptoken=2"}),
        delta(
            [{**user, "id": BOB.upper(), "@removed": {"reason": "deleted"}}],
            deltaLink=f"{BASE}/groups/delta?$deltatoken=2",
        ),
    )

    found = await wire.directory().membership_delta(f"{BASE}/groups/delta?$deltatoken=1")

    assert found.members == {
        GROUP: (Member(ALICE, "user", removed=False), Member(BOB, "user", removed=True))
    }
    assert found.link.endswith("$deltatoken=2")
    assert [str(r.url).partition("?")[2] for r in wire.requests] == [
        "$deltatoken=1",
        "$skiptoken=1",
        "$skiptoken=2",
    ]


@pytest.mark.parametrize(
    "answer", [refused(410), refused(400, "syncStateNotFound"), refused(410, "resyncRequired")]
)
def test_a_link_that_cannot_be_resumed_is_told_apart(answer: httpx.Response) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(DeltaExpired):
            await Wire(answer).directory().membership_delta(f"{BASE}/groups/delta?$deltatoken=1")

    scenario()


@virtual
async def test_no_token_is_a_temporary_error() -> None:
    credential = Credential(ClientAuthenticationError("tenant 1234"))

    with pytest.raises(TemporaryError, match="no token") as caught:
        await Wire(ok({})).directory(credential).is_enabled(ALICE)

    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("blip", [refused(503), refused(429), httpx.ReadError("reset")])
def test_a_read_survives_a_blip(blip: httpx.Response | Exception) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(blip, ok({"id": ALICE, "accountEnabled": True}))

        assert await wire.directory().is_enabled(ALICE) is True

    scenario()


@virtual
async def test_a_read_that_must_wait_longer_is_left_to_the_caller_with_the_delay() -> None:
    wire = Wire(refused(429, **{"Retry-After": "60"}))

    with pytest.raises(TemporaryError) as caught:
        await wire.directory().is_enabled(ALICE)

    assert caught.value.delay == timedelta(seconds=60)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_is_permanent_and_names_what_to_grant(status: int) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(PermanentError) as caught:
            await Wire(refused(status)).directory().is_enabled(ALICE)

        assert "User.Read.All" in caught.value.next_action

    scenario()


@virtual
async def test_an_unknown_user_is_none_and_not_an_error() -> None:
    directory = Wire(refused(404, "Request_ResourceNotFound")).directory()

    assert await directory.is_enabled(ALICE) is None
    assert await directory.assigned_through(ALICE, APP) is None


@virtual
async def test_assignments_are_asked_for_one_target_and_read_over_all_pages() -> None:
    wire = Wire(
        ok({"value": [{"principalId": GROUP.upper()}], "@odata.nextLink": f"{BASE}/next"}),
        ok({"value": [{"principalId": ALICE}]}),
    )

    found = await wire.directory().assigned_through(ALICE, APP)

    assert wire.requests[0].url.params["$filter"] == f"resourceId eq {APP}"
    assert found == [GROUP, ALICE]


@virtual
async def test_only_groups_count_as_assigned_groups() -> None:
    wire = Wire(
        ok(
            {
                "value": [
                    {"principalId": GROUP, "principalType": "Group"},
                    {"principalId": ALICE, "principalType": "User"},
                    {"principalId": GROUP, "principalType": "Group"},
                ]
            }
        )
    )

    assert await wire.directory().assigned_groups(APP) == [GROUP]


@virtual
async def test_a_display_name_with_a_quote_is_escaped() -> None:
    wire = Wire(ok({"value": []}))

    await wire.directory().service_principals(display_name="Tom's TOTAL")

    assert wire.requests[0].url.params["$filter"] == "displayName eq 'Tom''s TOTAL'"


@virtual
async def test_the_token_is_given_to_graph_alone() -> None:
    wire = Wire(refused(401))

    with pytest.raises(PermanentError):
        await wire.directory().membership_delta("https://elsewhere.test/v1.0/groups/delta")

    assert "Authorization" not in wire.requests[0].headers


@virtual
async def test_a_subscription_is_made_for_updates_with_our_client_state() -> None:
    wire = Wire(httpx.Response(201, json={"id": "s", "expirationDateTime": "2026-12-01T00:00:00Z"}))
    expires = datetime(2026, 12, 1, tzinfo=UTC)

    made = await wire.directory().subscribe(
        resource=f"groups/{GROUP}", url="https://app.test/hook", client_state="s3", expires=expires
    )

    sent = json.loads(wire.requests[0].content)
    assert made["id"] == "s"
    assert (sent["changeType"], sent["resource"]) == ("updated", f"groups/{GROUP}")
    assert (sent["clientState"], sent["notificationUrl"]) == ("s3", "https://app.test/hook")
    assert datetime.fromisoformat(sent["expirationDateTime"]) == expires


@virtual
async def test_a_renewal_of_a_subscription_that_is_gone_is_none() -> None:
    directory = Wire(refused(404)).directory()

    assert await directory.renew("s", datetime(2026, 12, 1, tzinfo=UTC)) is None


@virtual
async def test_deleting_a_subscription_that_is_gone_is_no_error() -> None:
    for answer in (httpx.Response(204), refused(404)):
        wire = Wire(answer)

        await wire.directory().unsubscribe("s")

        [request] = wire.requests
        assert (request.method, request.url.path) == ("DELETE", "/v1.0/subscriptions/s")
