"""A log entry about a joiner, and what verify makes of the row after a cycle."""

import asyncio
from typing import Any, cast

from hasten.domain.changes import Change
from hasten.provision.verify import verify
from tests.support.verifying import log, ran
from tests.support.world import ENGINEERING, World, user

MATCHED_INACTIVE = {
    "provisioningStepType": "matching",
    "status": "success",
    "details": {"active": "False"},
}


def logged(world: World, status: str, code: str = "", *, action: str = "other") -> dict[str, Any]:
    log(world, user(1), action, status, code)
    return cast("dict[str, Any]", world.directory.log[-1])


async def after_a_cycle(world: World) -> Change:
    await asyncio.sleep(900)
    ran(world)
    await verify(world.context)
    return await world.row(ENGINEERING, user(1))


async def doubted(world: World, kind: str) -> None:
    match kind:
        case "inactive":
            logged(world, "skipped", "RedundantExport")["provisioningSteps"] = [MATCHED_INACTIVE]
        case "disabled":
            logged(world, "success", action="disable")
        case _:
            logged(world, "skipped", kind)
