"""Reads the status of the target's provisioning job during a drain, and discovers the job again."""

from datetime import timedelta

from hasten.domain import cycle
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.state import Drain
from hasten.telemetry.targets import JobUnread
from hasten.watch.sweep import discover

JOB_STATUS_MAX_AGE = timedelta(minutes=1)
"""Maximum age of the job status."""


async def read_cycle(drain: Drain) -> None:
    """Reads the status of the job into `drain.cycle` unless the last read is younger than
    JOB_STATUS_MAX_AGE. Raises the TemporaryError or PermanentError of Graph that ended that
    read."""
    now, found = drain.now, drain.found
    is_old = drain.cycle_read_at is None or now - drain.cycle_read_at >= JOB_STATUS_MAX_AGE
    if is_old or drain.cycle_read_of != found.job:
        drain.cycle_read_at, drain.cycle_read_of, drain.cycle_unread = now, found.job, None
        try:
            job = await drain.context.directory.job(found.service_principal, found.job)
            drain.cycle = cycle.parse(job, drain.now)
        except (TemporaryError, PermanentError) as error:
            drain.cycle_unread = error
            drain.context.emit(
                JobUnread(target=found.target, reason=error.reason, next_action=error.next_action)
            )
    if drain.cycle_unread is not None:
        raise drain.cycle_unread


async def rediscover(drain: Drain) -> PermanentError | TemporaryError | None:
    """Discovers the job and its rules again, at most once in a drain. Returns the error if it could
    not."""
    async with drain.discovering:
        if not drain.was_rediscovered:
            drain.was_rediscovered = True
            try:
                drain.found = await discover(drain.context, drain.target)
            except (PermanentError, TemporaryError) as error:
                drain.undiscovered = error
    return drain.undiscovered
