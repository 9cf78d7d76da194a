"""Reads the status of the target's provisioning job during a drain, and discovers the job again."""

from datetime import timedelta

from hasten.domain import cycle
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.state import Drain
from hasten.watch.sweep import discover

JOB_STATUS_MAX_AGE = timedelta(minutes=1)
"""Maximum age of the job status."""


async def read_cycle(drain: Drain) -> None:
    """Reads the status of the job into `drain.cycle` unless the last one is younger than
    JOB_STATUS_MAX_AGE. Raises TemporaryError and PermanentError of Graph."""
    now, found = drain.now, drain.found
    is_old = drain.cycle_read_at is None or now - drain.cycle_read_at >= JOB_STATUS_MAX_AGE
    if is_old or drain.cycle_read_of != found.job:
        job = await drain.context.directory.job(found.service_principal, found.job)
        drain.cycle = cycle.parse(job)
        drain.cycle_read_at, drain.cycle_read_of = now, found.job


async def rediscover(drain: Drain) -> PermanentError | TemporaryError | None:
    """Discovers the job and its rules again, at most once in a drain. Returns the error if it could
    not."""
    async with drain.discovering:
        if drain.was_rediscovered:
            return None
        drain.was_rediscovered = True
        try:
            drain.found = await discover(drain.context, drain.target)
        except (PermanentError, TemporaryError) as error:
            return error
    return None
