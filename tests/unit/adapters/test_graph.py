"""The Graph adapter against a faked wire: what it asks, and what it makes of the answers."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from hasten.adapters.graph.directory import GraphDirectory
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.directory import DeltaExpired, Member
from tests.support.virtual_time import virtual

BASE = "https://graph.test/v1.0"
GROUP = "0000bbbb-0000-4000-8000-000000000001"
ALICE = "0000cccc-0000-4000-8000-000000000001"
BOB = "0000cccc-0000-4000-8000-000000000002"
APP = "0000aaaa-0000-4000-8000-000000000001"


class Credential:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        if self._error is not None:
            raise self._error
        assert scopes == ("https://graph.microsoft.com/.default",)
        return AccessToken("a-token", int(time.time()) + 3600)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Wire:
    """Answers each request with the next of `answers`; the last one stays."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def directory(self, credential: Credential | None = None) -> GraphDirectory:
        return GraphDirectory(BASE, credential or Credential(), httpx.MockTransport(self))


def ok(body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def refused(status: int, code: str = "", **headers: str) -> httpx.Response:
    error = {"error": {"code": code, "message": "why"}}
    return httpx.Response(status, json=error, headers=headers)


def delta(members: list[dict[str, Any]], **links: str) -> httpx.Response:
    named = {f"@odata.{name}": url for name, url in links.items()}
    return ok({"value": [{"id": GROUP, "members@delta": members}], **named})


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
async def test_a_group_call_names_the_members_in_links_and_returns_the_answer_as_it_came() -> None:
    wire = Wire(httpx.Response(200, content=b'{"key": "{}"}'))

    answer = await wire.directory().provision_on_demand(
        APP, "total.1", "rule#V2", group=GROUP, users=[ALICE, BOB]
    )

    [request] = wire.requests
    members = [{"objectId": u, "objectTypeName": "User"} for u in (ALICE, BOB)]
    group = {"objectId": GROUP, "objectTypeName": "Group", "links": {"members": members}}
    assert request.method == "POST"
    assert request.url.path == (
        f"/v1.0/servicePrincipals/{APP}/synchronization/jobs/total.1/provisionOnDemand"
    )
    assert json.loads(request.content) == {
        "parameters": [{"ruleId": "rule#V2", "subjects": [group]}]
    }
    assert (answer.status, answer.body) == (200, b'{"key": "{}"}')


@virtual
async def test_a_user_call_names_the_user_alone() -> None:
    wire = Wire(ok({}))

    await wire.directory().provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

    [parameters] = json.loads(wire.requests[0].content)["parameters"]
    assert parameters["subjects"] == [{"objectId": ALICE, "objectTypeName": "User"}]


@virtual
async def test_an_on_demand_call_is_never_sent_twice_whatever_the_answer() -> None:
    for answer in (refused(503), refused(429, **{"Retry-After": "7"}), refused(500)):
        wire = Wire(answer)

        given = await wire.directory().provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

        assert len(wire.requests) == 1
        assert given.status == answer.status_code


async def retry_after(header: str) -> timedelta | None:
    wire = Wire(refused(429, **{"Retry-After": header}))
    directory = wire.directory()
    return (
        await directory.provision_on_demand(APP, "j", "r", group=None, users=[ALICE])
    ).retry_after


@virtual
async def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    in_90_s = datetime.now(UTC) + timedelta(seconds=90)
    date = in_90_s.strftime("%a, %d %b %Y %H:%M:%S GMT")

    from_date = await retry_after(date)

    assert await retry_after("7") == timedelta(seconds=7)
    assert from_date is not None
    assert timedelta(seconds=60) < from_date <= timedelta(seconds=90)
    assert await retry_after("soon") is None


@virtual
async def test_no_answer_to_a_call_is_a_temporary_error_that_names_no_secret() -> None:
    wire = Wire(httpx.ConnectError("connection to host refused"))

    with pytest.raises(TemporaryError, match="ConnectError"):
        await wire.directory().provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

    assert len(wire.requests) == 1


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
