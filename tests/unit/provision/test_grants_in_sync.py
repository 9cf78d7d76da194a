"""A joiner whom Entra ID calls in sync: the answer to a group call shows nothing about a member, so
the provisioning log may say otherwise."""

import asyncio

import pytest

from hasten.domain.changes import DIRECT, State
from hasten.provision.drain import drain
from hasten.provision.verify import verify
from tests.fakes.directory import answer
from tests.support.verifying import WAKE, log
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, World, user
from tests.unit.provision.cycles import after_a_cycle, logged


async def in_sync(group: str = ENGINEERING, *, active: bool | None = None) -> World:
    """Called once, so long after joining that Entra ID must have seen it."""
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: answer("Skipped", "RedundantExport", active=active)
    await world.joined(group, user(1))
    await asyncio.sleep(900)
    await drain(world.context, WAKE)
    assert (await world.row(group, user(1))).state is State.IN_SYNC
    return world


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("failure", "LicenseLimitExceeded", State.FAILED),
        ("skipped", "EntrySynchronizationSkipped", State.FAILED),
        ("skipped", "NotEffectivelyEntitled", State.PENDING),
        ("skipped", "RedundantExport", State.IN_SYNC),
        ("success", "", State.IN_SYNC),
        ("", "", State.IN_SYNC),
    ],
)
def test_a_member_whom_the_log_shows_refused_or_skipped_is_not_in_sync(
    status: str, code: str, state: State
) -> None:
    @virtual
    async def scenario() -> None:
        world = await in_sync()
        if status:
            logged(world, status, code)

        row = await after_a_cycle(world)

        assert (row.state, row.needs_proof) == (state, False)

    scenario()


@virtual
async def test_one_whom_the_log_does_not_name_is_in_sync_though_it_names_others() -> None:
    world = await in_sync()
    log(world, ENGINEERING, "update")
    other = {"displayName": "members", "oldValue": None, "newValue": user(2)}
    world.directory.log[-1] = {**world.directory.log[-1], "modifiedProperties": [other]}
    await world.joined(ENGINEERING, user(2))  # so that the log is seen to name people
    await asyncio.sleep(900)

    await verify(world.context)

    assert (await world.row(ENGINEERING, user(1))).state is State.IN_SYNC


@pytest.mark.parametrize(("active", "is_shown"), [(True, True), (None, False)])
def test_the_answer_to_a_user_call_is_enough_if_it_shows_an_active_account(
    active: bool | None,  # noqa: FBT001 - a case
    is_shown: bool,  # noqa: FBT001 - a case
) -> None:
    @virtual
    async def scenario() -> None:
        world = await in_sync(DIRECT, active=active)

        assert (await world.row(DIRECT, user(1))).needs_proof is not is_shown

    scenario()
