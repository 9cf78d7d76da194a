"""The policy writes to Entra ID under the lease of the target's `ensure`: one writer at a time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from hasten.domain.long_ago import LONG_AGO
from hasten.ensure.apply_policy import OTHER_WORKER_WAIT, apply_policies
from hasten.ensure.mirror_now import mirror
from hasten.errors import TemporaryError
from hasten.messages import Mirror
from hasten.ports.bus import ENSURE
from hasten.records import lease_record
from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from tests.support.applying import ADMINS, MONITORED, Policed, world_with
from tests.support.leases import displaced
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user


async def world_with_an_admin() -> Policed:
    world = await world_with(ADMINS, MONITORED)
    world.directory.join(ADMIN, user(1))
    return world


@virtual
async def test_the_policy_waits_for_a_worker_and_writes_when_it_has_let_go() -> None:
    world = await world_with_an_admin()
    await world.adopts()
    worker = await acquire(world.store, TOTAL, WorkKind.ENSURE, owner="worker", now=now)
    assert worker is not None
    applying = asyncio.create_task(apply_policies(world.context))
    for _ in range(4):
        await asyncio.sleep(4)
        await worker.beat()
    assert not world.directory.writes

    assert await worker.release(although_marked=True)
    await applying

    assert user(1) in await world.members(ENGINEERING)


@virtual
async def test_the_policy_gives_way_to_a_worker_that_does_not_end() -> None:
    world = await world_with_an_admin()
    worker = await acquire(world.store, TOTAL, WorkKind.ENSURE, owner="worker", now=now)
    assert worker is not None
    applying = asyncio.create_task(apply_policies(world.context))
    began = now()
    while not applying.done():
        await asyncio.sleep(4)
        await worker.beat()

    with pytest.raises(TemporaryError, match="another worker of the target is at work"):
        await applying
    assert now() - began <= OTHER_WORKER_WAIT + timedelta(seconds=10)
    assert not world.directory.writes


@virtual
async def test_a_wake_that_comes_while_the_policy_is_applied_is_sent_again() -> None:
    world = await world_with_an_admin()
    await world.adopts()
    add = world.directory.add_members

    async def slowly(group: str, members: Sequence[str]) -> None:
        assert await acquire(world.store, TOTAL, WorkKind.ENSURE, owner="event", now=now) is None
        await add(group, members)

    world.directory.add_members = slowly  # type: ignore[method-assign]

    await apply_policies(world.context)

    assert [message.body["target"] for message in world.bus.of(ENSURE)] == [TOTAL]
    assert (await lease_record.load(world.store, TOTAL, WorkKind.ENSURE)).owner == ""


@virtual
async def test_a_run_of_the_policy_that_was_displaced_writes_nothing_more() -> None:
    world = await world_with_an_admin()
    await world.adopts()
    members = world.directory.members

    async def slowly(group: str) -> object:
        await displaced(world, WorkKind.ENSURE)
        return await members(group)

    world.directory.members = slowly  # type: ignore[method-assign, assignment]

    with pytest.raises(TemporaryError, match="another worker of the target took over"):
        await apply_policies(world.context)

    assert not world.directory.writes


@virtual
async def test_an_error_of_the_policy_frees_the_lease() -> None:
    world = await world_with_an_admin()
    await world.adopts()
    world.directory.refusals["add_members"] = [TemporaryError("busy", timedelta(seconds=1))] * 2

    for _ in range(2):
        began = now()
        with pytest.raises(TemporaryError, match="busy"):
            await apply_policies(world.context)
        assert now() == began


@virtual
async def test_only_a_message_is_a_sign_that_the_trigger_works() -> None:
    world = await world_with_an_admin()
    await world.adopts()
    await apply_policies(world.context)
    record = await lease_record.load(world.store, TOTAL, WorkKind.ENSURE)
    assert (record.came_at, record.stood_in_at) == (LONG_AGO,) * 2

    await mirror(world.context, Mirror(target=TOTAL, source=ADMIN))

    record = await lease_record.load(world.store, TOTAL, WorkKind.ENSURE)
    assert record.came_at == now()
