"""A host that dies at any moment of a burst loses nothing."""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from emulator.graph.seed import TOTAL_ENGINEERING, object_id
from hasten.records import ledger_keys
from tests.support.tenant import Tenant, eventually, newcomers

BURST = 23
LEAVER = object_id("user/100")


async def after_enqueue(tenant: Tenant) -> None:
    """The notification is taken; its look is still reading Graph."""
    tenant.graph.tenant.faults.add({"path": "groups/delta", "delay_seconds": 30, "times": 5})

    async def taken() -> bool:
        rows = await tenant.admin.deliveries()
        return any(row["delivered"] for row in rows) and not await tenant.is_quiet()

    await eventually(taken)


async def between_ledger_and_cursor(tenant: Tenant) -> None:
    """The rows are written; the cursor cannot move (a trigger that `restored` takes away)."""
    await eventually(partial(_has_rows, tenant))


async def during_a_call(tenant: Tenant) -> None:
    async def calling() -> bool:
        return await tenant.calls_made() >= 2

    await eventually(calling)


def hold_cursors(tenant: Tenant) -> None:
    with contextlib.closing(sqlite3.connect(tenant.database)) as connection:
        connection.execute(
            "CREATE TRIGGER held BEFORE UPDATE ON documents WHEN new.collection = 'cursors' "
            "BEGIN SELECT RAISE(ABORT, 'held by the test'); END"
        )
        connection.commit()


def release_cursors(tenant: Tenant) -> None:
    with contextlib.closing(sqlite3.connect(tenant.database)) as connection:
        connection.execute("DROP TRIGGER IF EXISTS held")
        connection.commit()


async def _has_rows(tenant: Tenant) -> bool:
    return any(key.startswith(ledger_keys.OPEN_PREFIX) for key in tenant.documents("ledger"))


@pytest.mark.parametrize("moment", [after_enqueue, between_ledger_and_cursor, during_a_call])
async def test_a_host_killed_in_a_burst_and_started_again_loses_nothing(
    tenant: Tenant, moment: Callable[[Tenant], Awaitable[None]]
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    joiners = newcomers(BURST)
    if moment is between_ledger_and_cursor:
        hold_cursors(tenant)

    await tenant.join(joiners)
    await tenant.admin.leave(TOTAL_ENGINEERING, LEAVER)
    await moment(tenant)
    host.kill()
    release_cursors(tenant)
    tenant.graph.tenant.faults.clear()
    await host.start()

    await eventually(partial(tenant.are_in, joiners))
    await eventually(partial(tenant.is_disabled, LEAVER))
    assert (await tenant.admin.stats())["limit_violations"] == 0


async def test_two_hosts_on_one_bus_and_store_keep_the_limit_and_call_nobody_twice(
    tenant: Tenant,
) -> None:
    first, second = await tenant.host(), await tenant.host()
    await tenant.watched_by(first)
    await second.fire("sweep")
    joiners = newcomers(40)

    await tenant.join(joiners)
    await tenant.admin.leave(TOTAL_ENGINEERING, LEAVER)
    await second.fire("look")
    await second.fire("wake")

    await eventually(partial(tenant.are_in, joiners))
    await eventually(partial(tenant.is_disabled, LEAVER))
    await eventually(tenant.is_quiet)
    stats = await tenant.admin.stats()
    assert sorted(await tenant.named_in_calls()) == sorted([*joiners, LEAVER])
    assert (stats["limit_violations"], stats["throttled"]) == (0, 0)
