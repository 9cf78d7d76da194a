"""What other workers do to a lease."""

from datetime import timedelta

from hasten.records.lease import acquire
from hasten.records.lease_record import WorkKind
from tests.support.virtual_time import now
from tests.support.world import TOTAL, World


async def displaced(world: World, kind: WorkKind = WorkKind.DRAIN) -> None:
    """Another worker, to whom the holder seems to be silent, takes the lease and lets it go."""
    lease = await acquire(
        world.store, TOTAL, kind, owner="another", now=lambda: now() + timedelta(minutes=1)
    )
    assert lease is not None
    assert await lease.release()
