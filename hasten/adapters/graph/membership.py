"""Reads group membership by delta query."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import UnreadableError
from hasten.adapters.graph.delta_pages import DeltaPages
from hasten.adapters.graph.shapes import Shape, text
from hasten.adapters.graph.wire import Wire
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.directory_errors import DeltaCutShort
from hasten.ports.directory_values import Member, MembershipDelta, UnreadMember

GROUPS_PERMISSION = "Group.Read.All"
GROUP_REFERENCE = Shape(must={"id": text})

Some = tuple[str, Sequence[Member | UnreadMember]]
"""A group and members that changed in it. A large group is spread over several pages."""


async def start(client: GraphServiceClient, wire: Wire, groups: Sequence[str]) -> str:
    if not 0 < len(groups) <= MAX_GROUPS_PER_DELTA:
        raise ValueError(f"{len(groups)} groups: a delta takes 1 to {MAX_GROUPS_PER_DELTA}")
    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        filter=" or ".join(f"id eq '{group}'" for group in groups), select=["id", "members"]
    )
    request = client.groups.delta.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    return await _pages(wire).start(request)


async def since(wire: Wire, begin: str) -> MembershipDelta:
    """Reads all pages from the link `begin` on. Raises DeltaExpired if Graph refuses that link, and
    DeltaCutShort if a later page cannot be read."""
    members: dict[str, dict[str, Member]] = defaultdict(dict)
    unread: dict[str, list[UnreadMember]] = defaultdict(list)

    def take(page: Sequence[Some]) -> None:
        for group, some in page:
            known = members[group] if group else {}
            for member in some:
                if isinstance(member, UnreadMember):
                    unread[group].append(member)
                else:
                    known[member.id] = _of_both(known.get(member.id, member), member)

    end = await _pages(wire).since(begin, take)
    found = {group: tuple(known.values()) for group, known in members.items()}
    delta = MembershipDelta(found, end.link, unread)
    if end.cut is not None:
        raise DeltaCutShort(end.cut, delta) from end.cut
    return delta


def _of_both(one: Member, other: Member) -> Member:
    """Returns what two entries say about a member. Graph may list changes in any order, and twice:
    a removal wins, and the member who was listed as added too may have joined again after it."""
    is_both = one.removed is not other.removed
    return Member(
        one.id,
        one.kind or other.kind,
        removed=one.removed or other.removed,
        also_added=one.also_added or is_both,
    )


def _pages(wire: Wire) -> DeltaPages[Some]:
    return DeltaPages(wire, _members, GROUPS_PERMISSION, _readable_members)


def _members(listed: Any) -> Some:
    """Returns a group and its changed members. Raises UnreadableError if one cannot be read."""
    group, some = _readable_members(listed)
    for member in some:
        if isinstance(member, UnreadMember):
            raise UnreadableError(member.problem)
    return group, some


def _readable_members(listed: Any) -> Some:
    """Returns a group and its changed members. A group without changes has no members@delta. What
    cannot be read hurts no other member, and no other group."""
    try:
        group = GROUP_REFERENCE.read(listed)
    except UnreadableError as error:
        return "", [UnreadMember("", f"a group: {error}")]
    some = group.get("members@delta", [])
    if isinstance(some, dict) and some.keys() == {"value"}:  # some notifications wrap it so
        some = some["value"]
    if not isinstance(some, list):
        return group["id"].lower(), [UnreadMember("", "members@delta is not a list")]
    return group["id"].lower(), [bodies.readable_member(one) for one in some]
