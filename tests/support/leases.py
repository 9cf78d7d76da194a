"""Acts on a lease as other workers would."""

from datetime import timedelta

from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from tests.support.virtual_time import now
from tests.support.world import TOTAL, World


async def displaced(world: World, kind: WorkKind = WorkKind.DRAIN) -> None:
    """Another worker takes the lease, because the holder seems to be silent, and releases it."""
    lease = await acquire(
        world.store, TOTAL, kind, owner="another", now=lambda: now() + timedelta(minutes=1)
    )
    assert lease is not None
    assert await lease.release()
