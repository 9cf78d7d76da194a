"""The app behind a SCIM server that nobody here wrote: Entra provisions it, and Hasten takes access
there and reads it back."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import pytest

from emulator.certificates import trusted
from emulator.engine.app import By
from emulator.graph.seed import TOTAL, TOTAL_ENGINEERING, object_id
from tests.support.launching import warm
from tests.support.tenant import Tenant, emulated, eventually, newcomers

GOAL = 10.0
"""Seconds from the change to the account that is inactive in the app, for 95 of 100."""


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    async with emulated(tmp_path, scim=True, launch=warm) as tenant:
        yield tenant


async def account(tenant: Tenant, user: str) -> dict[str, Any]:
    """The account as the SCIM server shows it."""
    scim = tenant.azure.scim
    assert scim is not None
    async with httpx.AsyncClient(trust_env=False, verify=trusted()) as client:
        answer = await client.get(
            f"{scim.url}/Users",
            params={"filter": f'externalId eq "{user}"'},
            headers={"Authorization": f"Bearer {scim.token}"},
        )
    [found] = answer.json()["Resources"]
    return dict(found)


async def is_active(tenant: Tenant, user: str) -> bool:
    return bool((await account(tenant, user))["active"])


async def test_leavers_are_inactive_in_the_app_within_seconds_and_entra_agrees(
    tenant: Tenant,
) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    leavers = newcomers(8)
    await tenant.join(leavers)
    await eventually(lambda: tenant.are_in(leavers))
    assert all([await is_active(tenant, leaver) for leaver in leavers])
    calls = await tenant.calls_made()

    took = [await left(tenant, leaver) for leaver in leavers]

    assert quantiles(took, n=20)[-1] <= GOAL
    await eventually(lambda: are_confirmed(tenant, leavers))
    assert await tenant.calls_made() == calls
    target = tenant.graph.tenant.targets[TOTAL]
    await target.cycle()
    assert {write.what for write in target.app.writes if write.by is By.CYCLE} == {"leave"}
    assert [await is_active(tenant, leaver) for leaver in leavers] == [False] * len(leavers)


async def test_somebody_who_comes_back_is_active_again_by_entra(tenant: Tenant) -> None:
    host = await tenant.host()
    await tenant.watched_by(host)
    [person] = newcomers(1)
    await tenant.join([person])
    await eventually(lambda: tenant.are_in([person]))
    await left(tenant, person)

    await tenant.join([person])

    await eventually(lambda: is_active(tenant, person))


async def test_people_who_are_disabled_without_a_group_change_are_out_within_seconds(
    tenant: Tenant,
) -> None:
    """On-demand provisioning does not reach them, and the cycle comes 40 minutes later."""
    host = await tenant.host()
    await tenant.watched_by(host)
    for timer in ("people", "look"):
        await host.fire(timer)
    people = [object_id(f"user/{number}") for number in range(20, 28)]
    others = [object_id(f"user/{number}") for number in range(30, 34)]

    took = [await disabled(tenant, person) for person in people]

    assert quantiles(took, n=20)[-1] <= GOAL
    await eventually(lambda: are_confirmed(tenant, people))
    assert await tenant.calls_made() == 0
    assert all([await is_active(tenant, other) for other in others])


async def disabled(tenant: Tenant, user: str) -> float:
    """Disables the user; the seconds until the app shows the account inactive."""
    await tenant.admin.disable(user)
    return await until_inactive(tenant, user)


async def left(tenant: Tenant, user: str) -> float:
    """Takes the user out of the group; the seconds until the app shows the account inactive."""
    await tenant.admin.leave(TOTAL_ENGINEERING, user)
    return await until_inactive(tenant, user)


async def until_inactive(tenant: Tenant, user: str) -> float:
    began = time.monotonic()

    async def is_out() -> bool:
        return not await is_active(tenant, user)

    await eventually(is_out)
    return time.monotonic() - began


async def are_confirmed(tenant: Tenant, users: list[str]) -> bool:
    rows = await asyncio.to_thread(tenant.documents, "ledger")
    found = [row for row in rows.values() if row.get("user") in users and "action" in row]
    return len(found) == len(users) and all(
        row["state"] == "confirmed" and "the app itself says inactive" in row["reason"]
        for row in found
    )
