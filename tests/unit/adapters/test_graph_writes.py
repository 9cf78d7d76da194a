"""Writes of the Graph adapter: the requests, and what Graph's refusals mean."""

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from hasten.adapters.graph.directory import GraphDirectory
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_LINKS_PER_PATCH
from hasten.ports.directory_errors import AlreadyExists, Missing, NotYet
from tests.support.graph_wire import ALICE, APP, BOB, GROUP, Wire, ok, refused
from tests.support.virtual_time import virtual

Write = Callable[[GraphDirectory], Awaitable[object]]

GRAPH = "https://graph.microsoft.com/v1.0"
ROLE = "0000dddd-0000-4000-8000-000000000001"
BAD = "Request_BadRequest"
MEMBER_THERE = refused(
    400,
    BAD,
    "One or more added object references already exist for the following modified properties: "
    "'members'.",
)
NO_MEMBER = refused(
    400,
    BAD,
    "One or more removed object references do not exist for the following modified properties: "
    "'members'.",
)
ASSIGNED = refused(400, BAD, "Permission being assigned already exists on the object")
SAME_KEY = refused(
    400, "Request_MultipleObjectsWithSameKeyValue", "EntitlementGrant entry already exists."
)
NAME_TAKEN = refused(
    400, BAD, "Another object with the same value for property mailNickname already exists."
)
NO_REFERENCE = refused(400, BAD, "Not a Valid Reference Update.")
NO_ROLE = refused(400, BAD, "Permission being assigned was not found on application 'TOTAL'")
NO_GRANT = refused(400, BAD, "EntitlementGrant being updated or deleted is not found.")
NOT_FOUND = refused(404, "Request_ResourceNotFound")


def create(directory: GraphDirectory) -> Awaitable[object]:
    return directory.create_group({"displayName": "TOTAL users"})


def add(directory: GraphDirectory) -> Awaitable[object]:
    return directory.add_members(GROUP, [ALICE, BOB])


def remove(directory: GraphDirectory) -> Awaitable[object]:
    return directory.remove_member(GROUP, ALICE)


def assign(directory: GraphDirectory) -> Awaitable[object]:
    return directory.assign(APP, GROUP, ROLE)


def unassign(directory: GraphDirectory) -> Awaitable[object]:
    return directory.unassign(APP, "an-assignment")


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
        (remove, refused(409), TemporaryError),
        (remove, refused(400, BAD), PermanentError),
        (unassign, refused(409), TemporaryError),
        (unassign, refused(400, BAD), PermanentError),
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


DONE = httpx.Response(204)
WRITES = [(add, DONE), (remove, DONE), (assign, ok({"id": "made"})), (unassign, DONE)]
LOST = [
    refused(503),
    refused(408),
    httpx.ReadError("cut"),
    httpx.ReadTimeout("slow"),
    httpx.Response(202),
    httpx.Response(502, text="a proxy"),
]


@pytest.mark.parametrize("lost", LOST, ids=str)
@pytest.mark.parametrize(("write", "done"), WRITES)
def test_the_success_of_another_try_never_hides_one_that_may_still_take_effect(
    write: Write, done: httpx.Response, lost: httpx.Response | Exception
) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(lost, done)

        with pytest.raises(TemporaryError) as caught:
            await write(wire.directory())

        assert not isinstance(caught.value, NotYet)
        assert len(wire.requests) == 1

    scenario()


@pytest.mark.parametrize("not_made", [refused(429), refused(409)], ids=str)
@pytest.mark.parametrize(("write", "done"), WRITES)
def test_a_write_that_graph_says_it_has_not_made_is_sent_again_at_once(
    write: Write, done: httpx.Response, not_made: httpx.Response
) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(not_made, done)

        await write(wire.directory())

        assert len(wire.requests) == 2

    scenario()


@virtual
async def test_the_refusal_of_a_write_that_was_sent_again_is_certain() -> None:
    with pytest.raises(AlreadyExists):
        await add(Wire(refused(429), MEMBER_THERE).directory())
    assert await remove(Wire(refused(409), NO_MEMBER).directory()) is False


@pytest.mark.parametrize("blip", [refused(503), refused(429), httpx.ReadError("reset")])
def test_a_group_is_never_made_twice(blip: httpx.Response | Exception) -> None:
    @virtual
    async def scenario() -> None:
        wire = Wire(blip)

        with pytest.raises(TemporaryError):
            await create(wire.directory())

        assert len(wire.requests) == 1

    scenario()
