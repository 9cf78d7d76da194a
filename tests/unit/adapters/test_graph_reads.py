"""Reads of the Graph adapter: what each asks for, and what it makes of the answer."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.json import Json
from hasten.ports.directory import Directory
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
    principal,
    refused,
)
from tests.support.virtual_time import virtual

ROLE = "0000dddd-0000-4000-8000-000000000001"
ALL_NAMES = {"userPrincipalName", "mail", "employeeId", "displayName", "appId"}
OTHER_NAMES = ("b@b.c", "0000cccc-0000-4000-8000-0000000000ff", "00420", "Gruppe", "", None)
GROUP_FIELDS = (
    "id,displayName,mailNickname,mailEnabled,securityEnabled,isAssignableToRole,groupTypes,"
    "membershipRule,onPremisesSyncEnabled,visibility"
)


@virtual
async def test_an_enterprise_application_is_read_with_its_app_roles() -> None:
    for named in ({"object_id": APP}, {"app_id": APP}, {"display_name": "TOTAL"}):
        wire = Wire(ok({**principal(), "value": [principal()]}))

        [found] = await wire.directory().service_principals(**named)

        assert found["id"] == APP
        assert wire.requests[0].url.params["$select"] == "id,appId,displayName,appRoles"


@virtual
async def test_an_enterprise_application_that_is_not_there_is_no_error() -> None:
    directory = Wire(refused(404)).directory()

    assert await directory.service_principals(object_id=APP) == []


@virtual
async def test_a_display_name_with_a_quote_is_escaped() -> None:
    wire = Wire(ok({"value": []}))

    await wire.directory().service_principals(display_name="Tom's TOTAL")
    await wire.directory().groups_named("Tom's group")

    filters = [request.url.params["$filter"] for request in wire.requests]
    assert filters == ["displayName eq 'Tom''s TOTAL'", "displayName eq 'Tom''s group'"]


@virtual
async def test_a_user_named_by_object_id_is_read_by_path() -> None:
    wire = Wire(ok({"id": ALICE.upper()}))

    found = await wire.directory().users(object_id=ALICE)

    [request] = wire.requests
    assert request.url.path == f"/v1.0/users/{ALICE}"
    assert dict(request.url.params) == {"$select": "id"}
    assert found == [{"id": ALICE}]


@pytest.mark.parametrize(
    ("named", "asked"),
    [
        (
            {"upn": "o'neil_other.com#EXT#@contoso.com"},
            "userPrincipalName eq 'o''neil_other.com#EXT#@contoso.com'",
        ),
        ({"mail": "alice@contoso.com"}, "mail eq 'alice@contoso.com'"),
        ({"employee_id": "0042"}, "employeeId eq '0042'"),
    ],
)
def test_a_user_named_otherwise_is_filtered_for(named: dict[str, str], asked: str) -> None:
    @virtual
    async def scenario() -> None:
        name = asked.partition(" ")[0]
        [value] = named.values()
        wire = Wire(ok({"value": [{"id": ALICE, name: value}, {"id": BOB, name: value.upper()}]}))

        found = await wire.directory().users(**named)

        [request] = wire.requests
        assert request.url.path == "/v1.0/users"
        selected = f"id,{name}"
        assert dict(request.url.params) == {"$filter": asked, "$select": selected}
        assert "ConsistencyLevel" not in request.headers
        assert [user["id"] for user in found] == [ALICE, BOB]

    scenario()


NAMED: dict[str, tuple[Callable[[Directory], Awaitable[Sequence[Json]]], Json]] = {
    "users by upn": (lambda d: d.users(upn="a@b.c"), {"userPrincipalName": "a@b.c"}),
    "users by mail": (lambda d: d.users(mail="a@b.c"), {"mail": "A@B.C"}),
    "users by employeeId": (lambda d: d.users(employee_id="0042"), {"employeeId": "0042 "}),
    "groups": (lambda d: d.groups_named("Gruppe Süd"), group(displayName="GRUPPE SU\u0308D")),
    "apps by name": (lambda d: d.service_principals(display_name="Total"), principal()),
    "apps by appId": (lambda d: d.service_principals(app_id=APP.upper()), principal()),
}


@pytest.mark.parametrize("of", NAMED)
def test_who_has_another_name_than_the_one_asked_for_is_not_taken_for_them(of: str) -> None:
    ask, right = NAMED[of]
    first = {"id": ALICE, **right}
    wrong = [{**first, **dict.fromkeys(ALL_NAMES & first.keys(), one)} for one in OTHER_NAMES]
    without = {name: value for name, value in first.items() if name not in ALL_NAMES}

    @virtual
    async def scenario() -> None:
        assert len(await ask(Wire(ok({"value": [first]})).directory())) == 1
        for other in (*wrong, without):
            for listed in ([other], [first, other]):
                with pytest.raises(TemporaryError):
                    await ask(Wire(ok({"value": listed})).directory())

    scenario()


@pytest.mark.parametrize("of", NAMED)
def test_an_object_has_its_id_in_lower_case(of: str) -> None:
    ask, right = NAMED[of]

    @virtual
    async def scenario() -> None:
        found = await ask(Wire(ok({"value": [{**right, "id": ALICE.upper()}]})).directory())
        assert [one["id"] for one in found] == [ALICE]

    scenario()


@pytest.mark.parametrize("wrong", [None, "", 7, "nobody", [ALICE]])
def test_a_user_or_group_whose_id_is_no_object_id_is_nobody(wrong: Any) -> None:
    @virtual
    async def scenario() -> None:
        for of in ("users by upn", "groups", "apps by name"):
            ask, right = NAMED[of]
            with pytest.raises(TemporaryError):
                await ask(Wire(ok({"value": [{**right, "id": wrong}]})).directory())

    scenario()


@pytest.mark.parametrize("wrong", [None, "", 7, "nobody"])
def test_an_assignment_through_no_object_id_is_none(wrong: Any) -> None:
    @virtual
    async def scenario() -> None:
        listed = Wire(ok({"value": [{"principalId": wrong, "resourceId": APP}]}))
        with pytest.raises(TemporaryError):
            await listed.directory().assigned_through(ALICE, APP)
        with pytest.raises(TemporaryError):
            await listed.directory().assigned_to(ALICE)

    scenario()


@pytest.mark.parametrize("of", NAMED)
def test_whoever_is_found_has_an_id_in_lower_case(of: str) -> None:
    @virtual
    async def scenario() -> None:
        ask, right = NAMED[of]
        wire = Wire(ok({"value": [{**right, "id": ALICE.upper()}]}))
        [found] = await ask(wire.directory())
        assert found["id"] == ALICE

    scenario()


@virtual
async def test_a_group_that_is_read_by_its_id_has_that_id() -> None:
    found = await Wire(ok(group(id=GROUP.upper()))).directory().group(GROUP)

    assert found is not None
    assert found["id"] == GROUP


@pytest.mark.parametrize("odd", [None, "true", 1])
def test_whether_an_account_is_enabled_does_not_matter_to_a_lookup(odd: Any) -> None:
    @virtual
    async def scenario() -> None:
        someone = {"id": ALICE, "mail": "a@b.c", "accountEnabled": odd}
        for named in ({"object_id": ALICE}, {"mail": "a@b.c"}):
            body = someone if "object_id" in named else {"value": [someone]}
            [found] = await Wire(ok(body)).directory().users(**named)
            assert found["id"] == ALICE

    scenario()


@virtual
async def test_an_unknown_user_is_none_and_not_an_error() -> None:
    directory = Wire(refused(404, "Request_ResourceNotFound")).directory()

    assert await directory.users(object_id=ALICE) == []
    assert await directory.user(ALICE) is None
    assert await directory.assigned_through(ALICE, APP) is None


@virtual
async def test_a_group_is_read_with_what_decides_whether_it_may_be_touched() -> None:
    wire = Wire(ok(group()))

    found = await wire.directory().group(GROUP)

    [request] = wire.requests
    assert request.url.path == f"/v1.0/groups/{GROUP}"
    assert dict(request.url.params) == {"$select": GROUP_FIELDS}
    assert found == group()


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


@pytest.mark.parametrize(("enough", "users"), [(1, {ALICE}), (2, {ALICE, BOB}), (3, {ALICE, BOB})])
@virtual
async def test_no_page_of_members_is_read_after_enough_users(enough: int, users: set[str]) -> None:
    alice, bob = ({"@odata.type": "#microsoft.graph.user", "id": one} for one in (ALICE, BOB))
    device = {"@odata.type": "#microsoft.graph.device", "id": GROUP}
    further = f"{BASE}/groups/{GROUP}/members?$skiptoken=2"
    first, second = {"value": [device, alice], "@odata.nextLink": further}, {"value": [alice, bob]}
    wire = Wire(ok(first), ok(second))

    assert (await wire.directory().members(GROUP, enough=enough)).ids == {GROUP, *users}
    assert len(wire.requests) == len(users)


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
