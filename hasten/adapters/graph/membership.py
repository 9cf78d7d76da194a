"""Reads group membership by delta query."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph import bodies
from hasten.adapters.graph.answers import PassingError, RefusedError, UnreadableError
from hasten.adapters.graph.paging import DELTA, NEXT, PageLimitError, Trail, items, link
from hasten.adapters.graph.shapes import Shape, text
from hasten.adapters.graph.wire import Wire
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.limits import MAX_DELTA_PAGES, MAX_GROUPS_PER_DELTA
from hasten.ports.directory import DeltaCutShort, DeltaExpired, Member, MembershipDelta

NEEDS = "Group.Read.All"
EXPIRED_CODES = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid"})
NOT_THE_LINK = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
"""Statuses that do not blame the link: a permission or the group is missing."""

GROUP = Shape(must={"id": text})


@dataclass(slots=True)
class _Reading:
    """Collects the pages read so far. A large group is spread over several pages. A removal counts
    against any other word about the member: Graph may list changes in any order, and twice."""

    members: dict[str, dict[str, Member]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, page: "_Page") -> None:
        for group, some in page.members:
            known = self.members[group]
            for member in some:
                if member.id not in known or member.removed:
                    known[member.id] = member

    def until(self, url: str) -> MembershipDelta:
        found = {group: tuple(known.values()) for group, known in self.members.items()}
        return MembershipDelta(found, url)


@dataclass(frozen=True, slots=True)
class _Page:
    members: Sequence[tuple[str, Sequence[Member]]]
    following: str | None
    """None on the last page, which has a delta link instead."""

    delta_link: str


async def start(client: GraphServiceClient, wire: Wire, groups: Sequence[str]) -> str:
    if not 0 < len(groups) <= MAX_GROUPS_PER_DELTA:
        raise ValueError(f"{len(groups)} groups: a delta takes 1 to {MAX_GROUPS_PER_DELTA}")
    query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
        filter=" or ".join(f"id eq '{group}'" for group in groups), select=["id", "members"]
    )
    request = client.groups.delta.to_get_request_information(
        RequestConfiguration(query_parameters=query)
    )
    # The builder does not know $deltatoken.
    request.url_template = f"{request.url_template}{{&%24deltatoken}}"
    request.query_parameters["%24deltatoken"] = "latest"
    trail = wire.trail(MAX_DELTA_PAGES)
    while True:
        page = await _page(wire, request, trail)
        if page.following is None:
            return page.delta_link
        request = trail.follow(page.following)


async def since(wire: Wire, begin: str) -> MembershipDelta:
    """Reads all pages from the link `begin` on. Raises DeltaExpired if Graph refuses that link, and
    DeltaCutShort if a later page cannot be read."""
    trail = wire.trail(MAX_DELTA_PAGES, begin)
    reading, unread, request = _Reading(), begin, link(begin)
    while True:
        try:
            page = await _resumed(wire, request, trail)
        except DeltaExpired:
            if unread == begin:
                raise
            # The next look begins at this page, gets the same answer, and starts again.
            cause = UnreadableError("Graph refuses the nextLink that it gave")
            raise DeltaCutShort(cause, reading.until(unread)) from None
        except TemporaryError as error:
            if unread == begin:
                raise
            raise DeltaCutShort(error, reading.until(unread)) from error
        reading.add(page)
        if page.following is None:
            return reading.until(page.delta_link)
        try:
            request = trail.follow(page.following)
        except PageLimitError as limit:
            raise DeltaCutShort(limit, reading.until(page.following)) from limit
        except UnreadableError as circle:
            raise DeltaCutShort(circle, reading.until(begin)) from circle
        unread = page.following


async def _resumed(wire: Wire, request: RequestInformation, trail: Trail) -> _Page:
    """Reads a page. Raises DeltaExpired for every way in which Graph refuses the link: it documents
    some codes of 400 and 410 as examples."""
    try:
        return await _page(wire, request, trail)
    except RefusedError as refused:
        if refused.status in NOT_THE_LINK and refused.code.casefold() not in EXPIRED_CODES:
            raise
        raise DeltaExpired from refused
    except PassingError as passing:
        if passing.status == HTTPStatus.CONFLICT:
            raise DeltaExpired from passing
        raise


async def _page(wire: Wire, request: RequestInformation, trail: Trail) -> _Page:
    def parse(page: Json) -> _Page:
        following, delta_link = trail.link_of(page, NEXT), trail.link_of(page, DELTA)
        if (following is None) == (delta_link is None):
            raise UnreadableError(f"it must have one of {NEXT} and {DELTA}")
        return _Page([_members(group) for group in items(page)], following, delta_link or "")

    return await wire.read(request, parse, needs=NEEDS)


def _members(listed: Any) -> tuple[str, Sequence[Member]]:
    """Returns a group and its changed members. A group without changes has no members@delta."""
    group = GROUP.read(listed)
    some = group.get("members@delta", [])
    if not isinstance(some, list):
        raise UnreadableError("members@delta is not a list")
    return group["id"].lower(), [bodies.member(one) for one in some]
