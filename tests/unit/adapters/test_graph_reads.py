"""Reads of groups, members and assignments by the Graph adapter: what each asks for, and what it
makes of the answer."""

from datetime import UTC, datetime
from urllib.parse import unquote

import httpx
import pytest

from hasten.errors import PermanentError
from hasten.ports.directory_values import Assignment, Member, User
from tests.support.graph_answers import NO_ANSWERS
from tests.support.graph_wire import (
    ALICE,
    APP,
    BASE,
    BOB,
    GROUP,
    Wire,
    group,
    ok,
    refused,
)
from tests.support.virtual_time import virtual

ROLE = "0000dddd-0000-4000-8000-000000000001"

GROUP_FIELDS = (
    "id,displayName,mailNickname,mailEnabled,securityEnabled,isAssignableToRole,groupTypes,"
    "membershipRule,onPremisesSyncEnabled,visibility"
)


@virtual
async def test_a_group_is_read_with_what_decides_whether_it_may_be_touched() -> None:
    wire = Wire(ok(group()))

    found = await wire.directory().group(GROUP)

    [request] = wire.requests
    assert request.url.path == f"/v1.0/groups/{GROUP}"
    assert dict(request.url.params) == {"$select": GROUP_FIELDS}
    assert found == group()


@pytest.mark.parametrize(
    "name", ["displayName", "mailEnabled", "securityEnabled", "isAssignableToRole", "visibility"]
)
@virtual
async def test_a_group_of_which_graph_leaves_something_empty_is_read(name: str) -> None:
    """Microsoft's CSDL allows null for each of these properties."""
    found = await Wire(ok({**group(), name: None})).directory().group(GROUP)

    assert found == {**group(), name: "" if name == "displayName" else None}


@virtual
async def test_a_group_that_is_not_there_is_none() -> None:
    assert await Wire(refused(404)).directory().group(GROUP) is None


@virtual
async def test_groups_are_found_by_their_exact_name() -> None:
    wire = Wire(ok({"value": [group()]}))

    found = await wire.directory().groups_named("TOTAL users")

    [request] = wire.requests
    assert request.url.path == "/v1.0/groups"
    assert dict(request.url.params) == {
        "$filter": "displayName eq 'TOTAL users'",
        "$select": GROUP_FIELDS,
    }
    assert found == [group()]


@pytest.mark.parametrize("kind", ["user", "User", "USER"])
@pytest.mark.parametrize("namespace", ["#microsoft.graph.", "#Microsoft.Graph.", ""])
def test_the_kind_of_a_member_and_of_an_assignment_does_not_depend_on_case(
    kind: str, namespace: str
) -> None:
    listed = {"@odata.type": f"{namespace}{kind}", "id": ALICE}
    given = {"id": "a", "principalId": ALICE, "principalType": kind, "appRoleId": ROLE}

    @virtual
    async def run() -> None:
        wire = Wire(ok({"value": [listed]}), ok({"value": [given]}))
        found = await wire.directory().members(GROUP)
        assert found.listed == [Member(ALICE, "user", removed=False)]
        assert [a.kind for a in (await wire.directory().assignments(APP)).listed] == ["User"]

    run()


@virtual
async def test_members_are_read_over_all_pages() -> None:
    further = f"{BASE}/groups/{GROUP}/members?$skiptoken=2"
    wire = Wire(
        ok(
            {
                "value": [{"@odata.type": "#microsoft.graph.user", "id": ALICE.upper()}],
                "@odata.nextLink": further,
            }
        ),
        ok({"value": [{"@odata.type": "#microsoft.graph.group", "id": GROUP}]}),
    )

    found = await wire.directory().members(GROUP)

    first, second = wire.requests
    assert first.url.path == f"/v1.0/groups/{GROUP}/members"
    assert dict(first.url.params) == {"$select": "id", "$top": "999"}
    assert str(second.url) == further
    assert found.listed == [
        Member(ALICE, "user", removed=False),
        Member(GROUP, "group", removed=False),
    ]


@virtual
async def test_a_count_is_read_as_text_from_the_index_that_is_eventually_consistent() -> None:
    wire = Wire(httpx.Response(200, text="1234"), httpx.Response(200, text="\ufeff7"))
    directory = wire.directory()

    counts = [await directory.transitive_user_count(GROUP) for _ in range(2)]

    assert counts == [1234, 7]
    request, _ = wire.requests
    path = f"/v1.0/groups/{GROUP}/transitiveMembers/graph.user/$count"
    assert unquote(request.url.path) == path
    assert request.headers["ConsistencyLevel"] == "eventual"


@pytest.mark.parametrize("kind", ["device", "somethingNew"])
@pytest.mark.parametrize(("enough", "users"), [(1, {ALICE}), (2, {ALICE, BOB}), (3, {ALICE, BOB})])
def test_no_page_of_members_is_read_after_enough_users(
    enough: int, users: set[str], kind: str
) -> None:
    @virtual
    async def scenario() -> None:
        alice, bob = ({"@odata.type": "#microsoft.graph.user", "id": one} for one in (ALICE, BOB))
        other = {"@odata.type": f"#microsoft.graph.{kind}", "id": GROUP}
        further = f"{BASE}/groups/{GROUP}/members?$skiptoken=2"
        first = {"value": [other, alice], "@odata.nextLink": further}
        wire = Wire(ok(first), ok({"value": [alice, bob]}))

        assert (await wire.directory().members(GROUP, enough=enough)).ids == {GROUP, *users}
        assert len(wire.requests) == len(users)

    scenario()


@virtual
async def test_a_count_of_a_group_that_is_gone_is_permanent() -> None:
    with pytest.raises(PermanentError, match="404"):
        await Wire(refused(404)).directory().transitive_user_count(GROUP)


UNREADABLE_TIMES = ("", "yesterday", "0001-01-01T00:00:00")


@virtual
async def test_assignments_are_read_over_all_pages_with_role_and_time() -> None:
    group = {
        "id": "a-1",
        "principalId": GROUP.upper(),
        "principalType": "Group",
        "appRoleId": ROLE.upper(),
        "createdDateTime": "2026-11-24T09:00:01.8643039Z",
    }
    further = f"{BASE}/servicePrincipals/{APP}/appRoleAssignedTo?$skiptoken=2"
    user = {"id": "a-2", "principalId": ALICE, "principalType": "User", "appRoleId": ROLE}
    wire = Wire(
        ok({"value": [group], "@odata.nextLink": further}),
        ok({"value": [{**user, "createdDateTime": unset} for unset in (None, *UNREADABLE_TIMES)]}),
    )

    found = (await wire.directory().assignments(APP)).listed

    request = wire.requests[0]
    assert request.url.path == f"/v1.0/servicePrincipals/{APP}/appRoleAssignedTo"
    assert dict(request.url.params) == {"$top": "999"}
    created = datetime(2026, 11, 24, 9, 0, 1, 864303, tzinfo=UTC)
    assert found == [
        Assignment(id="a-1", principal=GROUP, kind="Group", role=ROLE, created=created),
        *[Assignment(id="a-2", principal=ALICE, kind="User", role=ROLE, created=None)] * 4,
    ]


@virtual
async def test_the_assignments_of_a_user_to_one_target_are_read_over_all_pages() -> None:
    further = f"{BASE}/users/{ALICE}/appRoleAssignments?$skiptoken=2"
    wire = Wire(
        ok({"value": [{"principalId": GROUP.upper()}], "@odata.nextLink": further}),
        ok({"value": [{"principalId": ALICE}]}),
    )

    found = await wire.directory().assigned_through(ALICE, APP)

    assert wire.requests[0].url.params["$filter"] == f"resourceId eq {APP}"
    assert found == [GROUP, ALICE]


@virtual
async def test_a_garbled_read_is_repeated_at_once() -> None:
    for garbled in NO_ANSWERS:
        wire = Wire(httpx.Response(200, content=garbled), ok({"id": ALICE, "accountEnabled": True}))

        assert await wire.directory().user(ALICE) == User(enabled=True)
        assert len(wire.requests) == 2
