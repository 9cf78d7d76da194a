"""Compares reading 999 members through the Graph adapter with json.loads of the same bytes."""

import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.groups.item.members.members_request_builder import MembersRequestBuilder

from benchmarks.row import Row
from hasten.adapters.graph import bodies
from hasten.adapters.graph.client import graph_client
from hasten.adapters.graph.directory import GraphDirectory
from hasten.adapters.graph.wire import Wire

BASE = "https://graph.test/v1.0"
MEMBERS = 999
"""Graph's largest page."""

ROUNDS = 60
LIMIT = 3.0


class Credential(AsyncTokenCredential):
    async def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", int(time.time()) + 3600)

    async def close(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None


async def rows() -> list[Row]:
    return [await _objects(), await _delta()]


async def _objects() -> Row:
    """Measures the SDK's request builder and the adapter's reading: all properties of a default
    page."""
    body = json.dumps({"value": [_user(number) for number in range(MEMBERS)]}).encode()
    client = graph_client(BASE, Credential(), _transport(body))
    wire = Wire(client.request_adapter)
    query = MembersRequestBuilder.MembersRequestBuilderGetQueryParameters(top=MEMBERS)

    async def read() -> int:
        request = client.groups.by_group_id("group").members.to_get_request_information(
            RequestConfiguration(query_parameters=query)
        )
        return len(await wire.listed(request, bodies.member, needs=""))

    return await _row(f"{MEMBERS} members read, {len(body) // 1024} KiB", read, body, LIMIT)


async def _delta() -> Row:
    """Measures what a look reads: only ids, so that the fixed cost of a request weighs more."""
    listed = [{"@odata.type": "#microsoft.graph.user", "id": _id()} for _ in range(MEMBERS)]
    link = f"{BASE}/groups/delta?$deltatoken=1"
    page = {"value": [{"id": _id(), "members@delta": listed}], "@odata.deltaLink": link}
    body = json.dumps(page).encode()
    directory = GraphDirectory(BASE, Credential(), _transport(body))

    async def read() -> int:
        [members] = (await directory.membership_delta(link)).members.values()
        return len(members)

    return await _row(f"{MEMBERS} ids of a delta, {len(body) // 1024} KiB", read, body, None)


async def _row(
    what: str, read: Callable[[], Awaitable[int]], body: bytes, limit: float | None
) -> Row:
    """Returns the best of many alternating rounds, so that other processes do not affect the
    result."""
    measured = floor = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        assert await read() == MEMBERS
        measured = min(measured, time.perf_counter() - started)
        started = time.perf_counter()
        json.loads(body)
        floor = min(floor, time.perf_counter() - started)
    return Row(
        what=what,
        measured=measured,
        floor=floor,
        floor_is="json.loads",
        limit=limit,
    )


def _transport(body: bytes) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(200, content=body))


def _user(number: int) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": _id(),
        "businessPhones": ["+1 425 555 0109"],
        "displayName": f"Person Number {number}",
        "givenName": "Person",
        "jobTitle": "Engineer",
        "mail": f"person.{number}@contoso.example",
        "mobilePhone": None,
        "officeLocation": "18/2111",
        "preferredLanguage": "en-US",
        "surname": f"Number {number}",
        "userPrincipalName": f"person.{number}@contoso.example",
    }


def _id() -> str:
    return str(uuid.uuid4())
