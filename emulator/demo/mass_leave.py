"""Lets many people leave a group at once, so that the pages have something to decide about."""

import asyncio

import httpx

from emulator.demo.admin import Admin
from emulator.graph.seed import TOTAL_ENGINEERING, object_id

LEAVERS = tuple(object_id(f"user/{number}") for number in range(110, 160))
"""50 of 200 members: more than the brake lets go."""

WITHIN = 60.0
"""Seconds until the brake has held them."""


async def mass_leave(admin: Admin, functions: str) -> None:
    """Returns once a look has found the leavers."""
    await asyncio.gather(*(admin.leave(TOTAL_ENGINEERING, user) for user in LEAVERS))
    async with httpx.AsyncClient(base_url=functions, trust_env=False, timeout=WITHIN) as host:
        for timer in ("look", "wake", "verify", "seal"):
            answer = await host.post(f"/admin/functions/{timer}", headers={"x-wait": "true"})
            answer.raise_for_status()
