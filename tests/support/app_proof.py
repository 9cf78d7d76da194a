"""Leavers whose access Entra has taken or should take, for a target whose app Hasten can read."""

import json

from hasten.domain.app_account import DeactivationIs
from hasten.domain.changes import State
from hasten.domain.verdicts import Answer
from hasten.messages import Wake
from hasten.ports.application import AccessRefused
from hasten.provision.drain import drain
from hasten.scim import Scim
from hasten.targets import Target
from tests.fakes.application import FakeApplication
from tests.support.verifying import ran
from tests.support.world import ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)


SCIM = Scim.model_validate(
    {
        "url": "https://app.example/scim",
        "token": "HASTEN_SCIM_TOKEN_TOTAL",
        "match": {"app": "externalId", "entra": "id"},
        "calls_per_minute": 600,
    }
)


REFUSED = AccessRefused("the app answered 401", "renew it")


NOT_FOUND_BY_ENTRA = Answer(
    200,
    json.dumps(
        {
            "key": json.dumps({"result": "Skipped", "details": {"errorCode": "RedundantExport"}}),
            "value": json.dumps(
                [{"provisioningSteps": [{"type": "Matching", "status": "Success", "details": {}}]}]
            ),
        }
    ).encode(),
)


DELETES = SCIM.model_copy(update={"deactivation_is": DeactivationIs.DELETES})


async def called(*leavers: str, scim: Scim = SCIM, app: FakeApplication | None = None) -> World:
    """Leavers whom Entra has disabled by a call, because the app refused Hasten then."""
    world = World(
        target=Target(name=TOTAL, display_name=TOTAL, scim=scim), app=app or FakeApplication()
    )
    await world.is_discovered()
    world.directory.join(ENGINEERING, *leavers)
    await world.left(ENGINEERING, *leavers)
    world.app.errors = [REFUSED] * len(leavers)
    await drain(world.context, WAKE)
    world.app.errors = []
    for leaver in leavers:
        assert (await world.row(ENGINEERING, leaver)).state is State.SUCCEEDED
    return world


async def in_sync(leaver: str) -> World:
    """A leaver whose account Entra did not find by a call, because the app refused Hasten then."""
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=SCIM))
    await world.is_discovered()
    world.directory.join(ENGINEERING, leaver)
    await world.left(ENGINEERING, leaver)
    world.app.errors = [REFUSED]
    world.directory.answers = lambda _: NOT_FOUND_BY_ENTRA
    await drain(world.context, WAKE)
    return world


async def left_to_cycle() -> World:
    """A disabled leaver of whose account the app shows nothing."""
    world = World(target=Target(name=TOTAL, display_name=TOTAL, scim=SCIM))
    await world.is_discovered()
    ran(world)
    world.directory.join(ENGINEERING, user(1))
    world.directory.disabled.add(user(1))
    await world.left(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.LEFT_TO_CYCLE
    return world
