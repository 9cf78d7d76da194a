"""Writes of the Graph adapter: the requests, and what Graph's refusals mean."""

import json

import httpx
import pytest

from hasten.errors import PermanentError
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet
from tests.support.graph_wire import ALICE, APP, BOB, GROUP, Wire, refused
from tests.support.virtual_time import virtual
from tests.unit.adapters.writes import (
    BAD,
    MEMBER_THERE,
    NO_GRANT,
    NO_MEMBER,
    NO_REFERENCE,
    NOT_FOUND,
    ROLE,
    Write,
    add,
    assign,
    create,
    remove,
    unassign,
)

GRAPH = "https://graph.microsoft.com/v1.0"

ASSIGNED = refused(400, BAD, "Permission being assigned already exists on the object")

SAME_KEY = refused(
    400, "Request_MultipleObjectsWithSameKeyValue", "EntitlementGrant entry already exists."
)

NAME_TAKEN = refused(
    400, BAD, "Another object with the same value for property mailNickname already exists."
)

NO_ROLE = refused(400, BAD, "Permission being assigned was not found on application 'TOTAL'")


@virtual
async def test_a_group_is_made_with_its_owners_as_addresses() -> None:
    wire = Wire(httpx.Response(201, json={"id": GROUP.upper()}))
    properties = {
        "displayName": "TOTAL users",
        "mailEnabled": False,
        "securityEnabled": True,
        "groupTypes": ["DynamicMembership"],
        "membershipRule": '(user.department -eq "Finance")',
    }

    made = await wire.directory().create_group({**properties, "owners@odata.bind": [ALICE]})

    [request] = wire.requests
    sent = json.loads(request.content)
    assert (request.method, request.url.path) == ("POST", "/v1.0/groups")
    assert sent.pop("@odata.type") == "#microsoft.graph.group"
    assert sent == {**properties, "owners@odata.bind": [f"{GRAPH}/users/{ALICE}"]}
    assert made == GROUP


@virtual
async def test_members_are_added_by_one_patch() -> None:
    wire = Wire(httpx.Response(204))

    await add(wire.directory())

    [request] = wire.requests
    sent = json.loads(request.content)
    assert (request.method, request.url.path) == ("PATCH", f"/v1.0/groups/{GROUP}")
    assert sent["members@odata.bind"] == [f"{GRAPH}/directoryObjects/{m}" for m in (ALICE, BOB)]


@pytest.mark.parametrize("number", [0, MAX_LINKS_PER_PATCH + 1])
def test_more_members_than_a_patch_takes_or_none_are_not_sent(number: int) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(httpx.Response(204))

        with pytest.raises(ValueError, match=f"{number} members"):
            await wire.directory().add_members(GROUP, [ALICE] * number)

        assert wire.requests == []

    scenario()


@virtual
async def test_a_member_is_removed_by_its_reference_and_never_the_user_itself() -> None:
    wire = Wire(httpx.Response(204))

    removed = await remove(wire.directory())

    [request] = wire.requests
    assert request.method == "DELETE"
    assert request.url.path == f"/v1.0/groups/{GROUP}/members/{ALICE}/$ref"
    assert removed is True


@virtual
async def test_a_principal_is_assigned_at_the_application_with_its_role() -> None:
    wire = Wire(httpx.Response(201, json={"id": "an-assignment"}))

    await assign(wire.directory())

    [request] = wire.requests
    sent = json.loads(request.content)
    assert (request.method, request.url.path) == (
        "POST",
        f"/v1.0/servicePrincipals/{APP}/appRoleAssignedTo",
    )
    named = (sent["principalId"], sent["resourceId"], sent["appRoleId"])
    assert named == (GROUP, APP, ROLE)


@virtual
async def test_an_assignment_is_taken_back_at_the_application() -> None:
    wire = Wire(httpx.Response(204))

    taken = await unassign(wire.directory())

    [request] = wire.requests
    assert (request.method, request.url.path) == (
        "DELETE",
        f"/v1.0/servicePrincipals/{APP}/appRoleAssignedTo/an-assignment",
    )
    assert taken is True


@pytest.mark.parametrize(
    ("write", "answer", "meaning"),
    [
        (create, NAME_TAKEN, AlreadyExists),
        (create, refused(409), AlreadyExists),
        (create, NOT_FOUND, PermanentError),
        (add, MEMBER_THERE, AlreadyExists),
        (add, refused(409), AlreadyExists),
        (add, NOT_FOUND, Missing),
        (add, NO_REFERENCE, NotYet),
        (add, refused(400, BAD), PermanentError),
        (assign, ASSIGNED, AlreadyExists),
        (assign, SAME_KEY, AlreadyExists),
        (assign, refused(400, BAD, "entitlementGRANT entry already exists"), AlreadyExists),
        (assign, refused(400, "Request_MultipleObjectsWithSameKeyValue"), AlreadyExists),
        (assign, refused(409), AlreadyExists),
        (assign, NOT_FOUND, NotYet),
        (assign, NO_REFERENCE, NotYet),
        (assign, NO_ROLE, NotYet),
        (assign, refused(400, BAD), PermanentError),
    ],
)
def test_a_refusal_is_classified_by_its_meaning(
    write: Write, answer: httpx.Response, meaning: type[Exception]
) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(meaning):
            await write(Wire(answer).directory())

    scenario()


@pytest.mark.parametrize(
    ("write", "answer"),
    [(remove, NOT_FOUND), (remove, NO_MEMBER), (unassign, NO_GRANT), (unassign, NOT_FOUND)],
)
def test_a_removal_of_an_absent_object_succeeds(write: Write, answer: httpx.Response) -> None:
    @virtual
    async def scenario() -> None:
        assert await write(Wire(answer).directory()) is False

    scenario()


@pytest.mark.parametrize(
    ("write", "permission"),
    [
        (create, "Group.Create"),
        (add, "GroupMember.ReadWrite.All"),
        (remove, "GroupMember.ReadWrite.All"),
        (assign, "AppRoleAssignment.ReadWrite.All"),
        (unassign, "AppRoleAssignment.ReadWrite.All"),
    ],
)
def test_a_write_that_is_forbidden_names_the_permission_to_grant(
    write: Write, permission: str
) -> None:
    @virtual
    async def scenario() -> None:
        with pytest.raises(PermanentError) as caught:
            await write(Wire(refused(403)).directory())

        assert f"identity {permission} on" in caught.value.next_action

    scenario()
