"""Compares the pace of a drain that has more to do than Graph's limit allows with that limit."""

from functools import partial

from benchmarks.row import Row
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW
from tests.support.tenant import Tenant, eventually, newcomers

JOINERS = 75
LIMIT = 1.15


async def row(tenant: Tenant) -> Row:
    """Measures from the first call to the last; the first CALLS_PER_WINDOW cost nothing."""
    joiners = newcomers(JOINERS, first=300)
    await tenant.join(joiners)
    await eventually(partial(tenant.are_in, joiners))
    times = [call["started_at"] for call in await tenant.admin.calls()]
    least = (len(times) - 1) // CALLS_PER_WINDOW * CALL_WINDOW.total_seconds()
    stats = await tenant.admin.stats()
    refused = stats["limit_violations"] + stats["throttled"]
    return Row(
        what=f"drain, {JOINERS} joiners",
        measured=max(times) - min(times),
        floor=least,
        floor_is="5 calls / 10 s",
        limit=LIMIT,
        broken=f"{refused} calls refused by Graph" if refused else "",
    )
