"""The provisioning job of a drain's target: its cycle, and another one in its place."""

from datetime import timedelta

from hasten.domain import cycle
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.state import Drain
from hasten.watch.sweep import discover

READ_AGAIN = timedelta(minutes=1)
"""How old the status of the job may be."""


async def read_cycle(drain: Drain) -> None:
    """Reads the status of the job into `drain.cycle` unless it is younger than READ_AGAIN."""
    now, found = drain.now, drain.found
    is_old = drain.cycle_read_at is None or now - drain.cycle_read_at >= READ_AGAIN
    if is_old or drain.cycle_read_of != found.job:
        job = await drain.context.directory.job(found.service_principal, found.job)
        drain.cycle = cycle.read(job)
        drain.cycle_read_at, drain.cycle_read_of = now, found.job


async def rediscover(drain: Drain) -> PermanentError | TemporaryError | None:
    """Discovers job and rules again, once in a drain. Returns why that failed."""
    async with drain.discovering:
        if drain.was_rediscovered:
            return None
        drain.was_rediscovered = True
        try:
            drain.found = await discover(drain.context, drain.target)
        except (PermanentError, TemporaryError) as error:
            return error
    return None
