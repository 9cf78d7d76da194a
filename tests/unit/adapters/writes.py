"""The writes of the Graph adapter, and how Graph refuses them."""

from collections.abc import Awaitable, Callable

from hasten.adapters.graph.directory import GraphDirectory
from tests.support.graph_wire import ALICE, APP, BOB, GROUP, refused

Write = Callable[[GraphDirectory], Awaitable[object]]

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
NO_REFERENCE = refused(400, BAD, "Not a Valid Reference Update.")
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
