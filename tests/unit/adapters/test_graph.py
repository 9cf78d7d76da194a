"""What the Graph adapter asks, and what it makes of the answers."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError

from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.directory_errors import DeltaExpired
from hasten.ports.directory_values import Member, User
from tests.support.graph_wire import (
    ALICE,
    BASE,
    BOB,
    GROUP,
    Credential,
    Wire,
    delta,
    ok,
    refused,
)
from tests.support.virtual_time import now, virtual


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


@pytest.mark.parametrize("order", [(1, 0), (0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 0)])
@virtual
async def test_a_removal_wins_and_the_member_may_have_been_added_after_it(
    order: Sequence[int],
) -> None:
    entries: list[dict[str, Any]] = [
        {"@odata.type": "#microsoft.graph.user", "id": ALICE},
        {"id": ALICE, "@removed": {"reason": "deleted"}},
    ]
    pages = [
        delta([entries[entry]], nextLink=f"{BASE}/groups/delta?$skiptoken={page}")
        for page, entry in enumerate(order)
    ]
    wire = Wire(*pages, delta([], deltaLink=f"{BASE}/groups/delta?$deltatoken=2"))

    found = await wire.directory().membership_delta(f"{BASE}/groups/delta?$deltatoken=1")

    assert found.members == {GROUP: (Member(ALICE, "user", removed=True, also_added=True),)}


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


@virtual
async def test_one_delta_watches_up_to_fifty_groups() -> None:
    wire = Wire(ok({"value": [], "@odata.deltaLink": f"{BASE}/groups/delta?$deltatoken=1"}))
    groups = [f"0000bbbb-0000-4000-8000-{n:012}" for n in range(MAX_GROUPS_PER_DELTA)]

    await wire.directory().membership_start(*groups)

    asked = wire.requests[0].url.params["$filter"]
    assert asked == " or ".join(f"id eq '{group}'" for group in groups)


@pytest.mark.parametrize("number", [0, MAX_GROUPS_PER_DELTA + 1])
def test_a_delta_of_more_groups_than_graph_takes_or_of_none_is_not_asked_for(number: int) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(ok({}))

        with pytest.raises(ValueError, match=f"{number} groups"):
            await wire.directory().membership_start(*[GROUP] * number)

        assert wire.requests == []

    scenario()


@pytest.mark.parametrize(
    "answer", [refused(410), refused(400, "syncStateNotFound"), refused(410, "resyncRequired")]
)
def test_a_delta_link_that_cannot_be_resumed_has_its_own_error(answer: httpx.Response) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(DeltaExpired):
            await Wire(answer).directory().membership_delta(f"{BASE}/groups/delta?$deltatoken=1")

    scenario()


@virtual
async def test_no_token_is_a_temporary_error() -> None:
    credential = Credential(ClientAuthenticationError("tenant 1234"))

    with pytest.raises(TemporaryError, match="no token") as caught:
        await Wire(ok({})).directory(credential).user(ALICE)

    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("blip", [refused(503), refused(429), httpx.ReadError("reset")])
def test_a_read_survives_a_blip(blip: httpx.Response | Exception) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(blip, ok({"id": ALICE, "accountEnabled": True}))

        assert await wire.directory().user(ALICE) == User(enabled=True)

    scenario()


@virtual
async def test_a_read_that_must_wait_longer_is_left_to_the_caller_with_the_delay() -> None:
    wire = Wire(refused(429, **{"Retry-After": "60"}))

    with pytest.raises(TemporaryError) as caught:
        await wire.directory().user(ALICE)

    assert caught.value.delay == timedelta(seconds=60)
    assert len(wire.requests) == 1


@virtual
async def test_a_quick_retry_waits_at_least_as_long_as_graph_asked_for() -> None:
    wire = Wire(refused(429, **{"Retry-After": "4"}), ok({"id": ALICE, "accountEnabled": True}))
    before = now()

    await wire.directory().user(ALICE)

    assert now() - before >= timedelta(seconds=4)


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_is_permanent_and_names_what_to_grant(status: int) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(PermanentError) as caught:
            await Wire(refused(status)).directory().user(ALICE)

        assert "Directory.Read.All" in caught.value.next_action

    scenario()


@virtual
async def test_the_token_is_given_to_graph_alone() -> None:
    wire = Wire(refused(401))

    with pytest.raises(DeltaExpired):
        await wire.directory().membership_delta("https://elsewhere.test/v1.0/groups/delta")

    assert wire.requests == []
