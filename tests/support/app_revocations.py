"""A target whose app Hasten reaches over SCIM, and people who leave it."""

from typing import Any

from hasten.domain.changes import Change
from hasten.messages import Wake
from hasten.ports.store import Store
from hasten.scim import Scim
from hasten.targets import Mode, Target
from tests.fakes.application import FakeApplication
from tests.fakes.memory_store import MemoryStore
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
LEAVER = user(1)


def world_with(
    app: FakeApplication | None = None,
    *,
    mode: Mode | None = None,
    store: Store | None = None,
    **scim: Any,
) -> World:
    given = {
        "url": "https://app.example/scim",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": {"app": "externalId", "entra": "id"},
        "calls_per_minute": 600,
        **scim,
    }
    target = Target(name=TOTAL, display_name=TOTAL, mode=mode, scim=Scim.model_validate(given))
    return World(target=target, app=app or FakeApplication(), store=store or MemoryStore())


async def has_left(world: World, *leavers: str) -> None:
    await world.is_discovered()
    for leaver in leavers:
        world.directory.join(ENGINEERING, leaver)
        world.app.add(leaver)
    await world.left(ENGINEERING, *leavers)


async def row(world: World, leaver: str = LEAVER) -> Change:
    return await world.row(ENGINEERING, leaver)
