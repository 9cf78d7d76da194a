"""Lookups of users and applications by the Graph adapter: nobody is taken for somebody else."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.ports.directory import Directory
from tests.support.graph_wire import (
    ALICE,
    APP,
    BOB,
    GROUP,
    Wire,
    group,
    ok,
    principal,
    refused,
)
from tests.support.virtual_time import virtual

ALL_NAMES = {"userPrincipalName", "mail", "employeeId", "displayName", "appId"}

OTHER_NAMES = ("b@b.c", "0000cccc-0000-4000-8000-0000000000ff", "00420", "Gruppe", "", None)


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
