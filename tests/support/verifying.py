"""People whose call has ended, and the provisioning log that Hasten reads next."""

import json
from datetime import datetime, timedelta
from typing import Any

from hasten.domain.changes import State
from hasten.domain.verdicts import Answer
from hasten.limits import LOG_SETTLED_AFTER
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from tests.fakes.directory import (
    JOB,
)
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


def log(
    world: World,
    name: str,
    action: str,
    status: str = "success",
    code: str = "",
    *,
    at: datetime | None = None,
) -> None:
    error = {"errorCode": code, "reason": "the app said no"} if code else None
    entry: dict[str, Any] = {
        "jobId": JOB,
        "activityDateTime": (at or now()).isoformat(),
        "provisioningAction": action,
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
        "sourceIdentity": {"id": name},
    }
    world.directory.log.append(entry)


def told(world: World) -> list[str]:
    return [m.body["data"]["result"] for m in world.bus.of(PROVISIONING_OUTCOMES)]


async def disabled() -> World:
    """Returns a leaver who is disabled in Entra, for whom a call on demand does nothing."""
    world = World()
    await world.is_discovered()
    ran(world)
    world.directory.join(ENGINEERING, user(1))
    world.directory.disabled.add(user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.LEFT_TO_CYCLE
    return world


def ran(world: World, *, ago: timedelta = LOG_SETTLED_AFTER) -> None:
    """The last cycle ended some time ago; by default so long that the log shows all that it did."""
    at = (now() - ago).isoformat()
    execution = {"timeBegan": at, "timeEnded": at}
    status = {"code": "Active", "lastExecution": execution, "lastSuccessfulExecution": execution}
    world.directory.job_list = [{"id": JOB, "status": status}]


def disabled_answer(*, active: bool | None) -> Answer:
    """Entra skips a user who is disabled in the directory; the matching step shows the account, or
    nothing."""
    shown = {} if active is None else {"active": str(active)}
    matched = {"type": "Matching", "status": "Success", "details": {"id": "7", **shown}}
    scoped = {"type": "Scoping", "status": "Skipped", "details": {"IsActive": "False"}}
    details = {"errorCode": "NotEffectivelyEntitled"}
    value = {"action": "Other", "provisioningSteps": [matched, scoped]}
    key = json.dumps({"result": "Skipped", "details": details})
    return Answer(200, json.dumps({"key": key, "value": json.dumps(value)}).encode())
