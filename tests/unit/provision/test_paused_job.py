"""The provisioning job is paused: its cycle does nothing of what is left to it."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.domain.cycle import PAUSED
from hasten.domain.outcomes import OVERDUE
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision import triage
from hasten.provision.drain import drain
from hasten.provision.verify import LOOK_AT_JOB, verify
from tests.support.verifying import WAKE, disabled, disabled_answer, ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, World, user

START_IT = PAUSED[1]


def pause(world: World) -> None:
    [job] = world.directory.job_list
    world.directory.job_list = [{**job, "status": {**job["status"], "code": "Paused"}}]


async def discovered() -> World:
    world = World()
    await world.is_discovered()
    ran(world)
    pause(world)
    return world


def next_actions(world: World, result: str) -> list[str]:
    told = [message.body["data"] for message in world.bus.of(PROVISIONING_OUTCOMES)]
    return [one["nextAction"] for one in told if one["result"] == result]


@virtual
async def test_what_is_left_to_the_cycle_says_to_start_the_job_and_is_still_watched() -> None:
    world = await discovered()
    world.directory.join(ENGINEERING, user(1))
    world.directory.disabled.add(user(1))
    await world.left(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.next_action) == (State.LEFT_TO_CYCLE, START_IT)
    assert row.needs_proof
    assert row.expected_at is not None


@virtual
async def test_what_a_call_leaves_to_the_cycle_says_so_too() -> None:
    world = await discovered()
    world.directory.answers = lambda _: disabled_answer(active=True)
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.next_action) == (State.LEFT_TO_CYCLE, START_IT)
    assert row.needs_proof


@virtual
async def test_no_grant_is_left_to_a_cycle_that_never_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await discovered()
    monkeypatch.setattr(triage, "_is_later", lambda *_: True)
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [(user(1),)]


@pytest.mark.parametrize(("is_paused", "expected"), [(True, START_IT), (False, LOOK_AT_JOB)])
def test_an_alert_of_an_overdue_revocation_says_what_to_do(
    *, is_paused: bool, expected: str
) -> None:
    @virtual
    async def run() -> None:
        world = await disabled()
        row = await world.row(ENGINEERING, user(1))
        assert row.expected_at is not None
        if is_paused:
            pause(world)
        await asyncio.sleep((row.expected_at - now() + timedelta(hours=1)).total_seconds())

        await verify(world.context)

        assert next_actions(world, OVERDUE) == [expected]

    run()
