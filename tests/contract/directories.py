"""The directories that keep the contract: one in memory, and the Graph adapter on the emulator."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx

from emulator.graph.options import GraphOptions
from emulator.graph.seed import TOTAL, object_id
from emulator.graph.server import GraphServer
from hasten.adapters.graph.directory import GraphDirectory
from hasten.ports.directory import Directory
from tests.fakes.directory import SERVICE_PRINCIPAL, FakeDirectory
from tests.simulation.asgi import AsgiTransport
from tests.simulation.bus import epoch
from tests.simulation.graph import Credential
from tests.simulation.owners import Owner
from tests.support.virtual_time import virtual

__all__ = ["DIRECTORIES", "NOBODY", "Opened", "Tenancy", "virtual"]

NOBODY = "0000ffff-0000-4000-8000-00000000ffff"
USERS = 300
"""The last of them are in no group that is assigned to the app."""


@dataclass(frozen=True)
class Tenancy:
    """`people` are in no assigned group; the others are what an admin does."""

    directory: Directory
    service_principal: str
    people: tuple[str, ...]
    set_enabled: Callable[[str, bool], object]
    delete: Callable[[str], object]
    restore: Callable[[str], object]
    set_title: Callable[[str, str], object]
    nest: Callable[[str, str], object]


Opened = Callable[[], AbstractAsyncContextManager[Tenancy]]


@asynccontextmanager
async def in_memory() -> AsyncIterator[Tenancy]:
    directory = FakeDirectory(seconds_per_call=0)
    people = tuple(f"0000cccc-0000-4000-8000-{number:012}" for number in range(5))
    for person in people:
        directory.has_user(person)

    def set_enabled(person: str, enabled: bool) -> None:  # noqa: FBT001 - a lever with two states
        change = directory.enable if enabled else directory.disable
        change(person)

    yield Tenancy(
        directory,
        SERVICE_PRINCIPAL,
        people,
        set_enabled,
        directory.delete,
        directory.restore,
        lambda person, title: directory.change(person, jobTitle=title),
        directory.nest,
    )


@asynccontextmanager
async def on_the_emulator() -> AsyncIterator[Tenancy]:
    webhooks = httpx.MockTransport(
        lambda request: httpx.Response(200, text=request.url.params.get("validationToken", ""))
    )
    server = GraphServer(
        GraphOptions.kind(
            users=USERS,
            on_demand_delay=(0.0, 0.0),
            wall=epoch,
            webhooks=webhooks,
        )
    )
    work = Owner()
    transport = AsgiTransport(server.app, server=work, latency=lambda: 0.0)
    token = str(server.tenant.tokens.issue("https://graph.microsoft.com")["access_token"])
    directory = GraphDirectory("https://graph.test/v1.0", Credential(token), transport)

    tenant = server.tenant.directory

    def set_enabled(person: str, enabled: bool) -> None:  # noqa: FBT001 - a lever with two states
        tenant.update(tenant.users[person], {"accountEnabled": enabled})

    people = tuple(object_id(f"user/{number}") for number in range(USERS - 5, USERS))
    try:
        yield Tenancy(
            directory,
            TOTAL,
            people,
            set_enabled,
            lambda person: tenant.delete(tenant.users[person]),
            tenant.restore,
            lambda person, title: tenant.update(tenant.users[person], {"jobTitle": title}),
            lambda outer, inner: tenant.add_members(tenant.groups[outer], [inner]),
        )
    finally:
        await directory.close()
        work.cancel()
        await server.tenant.close()


DIRECTORIES: dict[str, Opened] = {"memory": in_memory, "graph": on_the_emulator}
