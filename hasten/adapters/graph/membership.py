"""Group membership by delta query."""

from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.groups.delta.delta_request_builder import DeltaRequestBuilder
from msgraph.graph_service_client import GraphServiceClient

from hasten.adapters.graph.answers import RefusedError
from hasten.adapters.graph.wire import Wire, link
from hasten.json import Json
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.directory import DeltaExpired, Member, MembershipDelta

NEEDS = "Group.Read.All"
EXPIRED_CODES = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid"})


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
    delta = await _read(wire, request)
    return delta.link


async def since(wire: Wire, delta_link: str) -> MembershipDelta:
    return await _read(wire, link(delta_link))


async def _read(wire: Wire, request: RequestInformation) -> MembershipDelta:
    """All pages. A large group is spread over several; the later word on a member holds."""
    members: dict[str, dict[str, Member]] = defaultdict(dict)
    while True:
        page = await _page(wire, request)
        for group in page.get("value", ()):
            of_group = members[str(group["id"]).lower()]
            for listed in group.get("members@delta", ()):
                member = as_member(listed)
                of_group[member.id] = member
        if "@odata.deltaLink" in page:
            found = {group: tuple(of_group.values()) for group, of_group in members.items()}
            return MembershipDelta(found, str(page["@odata.deltaLink"]))
        request = link(str(page["@odata.nextLink"]))


async def _page(wire: Wire, request: RequestInformation) -> Json:
    try:
        return await wire.read(request, needs=NEEDS)
    except RefusedError as refused:
        if refused.status == HTTPStatus.GONE or refused.code.casefold() in EXPIRED_CODES:
            raise DeltaExpired from None
        raise


def as_member(listed: Json) -> Member:
    kind = str(listed.get("@odata.type", "")).rpartition(".")[2]
    return Member(str(listed["id"]).lower(), kind, removed="@removed" in listed)
