"""Revocations about which Entra says something that Hasten does not know."""

import asyncio
import json
from typing import Any

import pytest

from hasten.domain.changes import State
from hasten.domain.verdicts import Answer
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.fakes.directory import JOB
from tests.support.verifying import WAKE, log
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user
from tests.unit.provision.test_verify_revocations import left

LEAVER = user(1)
ON = [{"displayName": "active", "oldValue": "False", "newValue": "True"}]
OFF = [{"displayName": "active", "oldValue": "True", "newValue": "False"}]


def logged(world: World, action: Any, status: Any = "success", **more: Any) -> None:
    world.directory.log.append(
        {
            "jobId": JOB,
            "activityDateTime": now().isoformat(),
            "provisioningAction": action,
            "provisioningStatusInfo": {"status": status},
            "sourceIdentity": {"id": LEAVER},
            **more,
        }
    )


@pytest.mark.parametrize(
    ("action", "status", "step"),
    [
        ("enable", "unknownFutureValue", "success"),
        ("update", None, "success"),
        ("update", "success", "unknownFutureValue"),
        ("update", "success", "warning"),
        ("unknownFutureValue", "success", "success"),
    ],
)
def test_a_removal_after_which_the_account_may_be_active_again_is_called_again(
    action: str, status: str | None, step: str
) -> None:
    @virtual
    async def scenario() -> None:
        world = await left(LEAVER)
        log(world, LEAVER, "disable")
        await asyncio.sleep(2)
        export = {"provisioningStepType": "export", "status": step}
        logged(world, action, status, modifiedProperties=ON, provisioningSteps=[export])

        await verify(world.context)
        doubted = (await world.row(ENGINEERING, LEAVER)).state
        await asyncio.sleep(60)
        await drain(world.context, WAKE)
        log(world, LEAVER, "disable")
        await verify(world.context)

        assert doubted is State.WAITING
        assert len(world.directory.calls) == 2
        assert (await world.row(ENGINEERING, LEAVER)).state is State.CONFIRMED

    scenario()


@pytest.mark.parametrize("action", ["StagedDelete", "unknownFutureValue", None])
def test_a_removal_that_is_never_made_ends_as_failed(action: str | None) -> None:
    @virtual
    async def scenario() -> None:
        value = {"action": action, "modifiedProperties": OFF, "statusInfo": {"status": "Success"}}
        body = {"key": json.dumps({"result": "Success"}), "value": json.dumps(value)}
        world = World()
        await world.is_discovered()
        world.directory.join(ENGINEERING, LEAVER)
        world.directory.answers = lambda _: Answer(200, json.dumps(body).encode())
        await world.left(ENGINEERING, LEAVER)

        await drain(world.context, WAKE)
        first = (await world.row(ENGINEERING, LEAVER)).state
        for _ in range(5):
            await asyncio.sleep(240)
            await drain(world.context, WAKE)

        assert first is State.WAITING
        assert len(world.directory.calls) == 6
        assert (await world.row(ENGINEERING, LEAVER)).state is State.FAILED

    scenario()
