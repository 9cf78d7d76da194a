"""Lets rows wait whose people Graph cannot return, and the grants while Graph returns nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from hasten.domain.changes import Change, State
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.removal_status import ReadError
from hasten.provision.state import Drain
from hasten.provision.triage import JOB_PROBLEM_PAUSE, postponed

MAX_READ_OUTAGE = timedelta(hours=1)
"""Maximum time for which failing reads keep joiners waiting. After that only the users concerned
wait."""

SHARE_OF_OUTAGE = 8
"""Divides the time for which a user could not be read, which gives the pause before the next read.
After an outage the pause is in proportion to it; it never exceeds JOB_PROBLEM_PAUSE."""

MIN_RETRY = timedelta(seconds=1)


async def postpone_unread(
    drain: Drain, rows: Sequence[Change], read_errors: Mapping[str, ReadError]
) -> None:
    """Postpones the rows of the users in `read_errors`, for longer the longer Graph has not
    returned them. One such user delays nobody else."""
    now = drain.now

    def wait(row: Change) -> Change:
        error = read_errors[row.user]
        waits = postponed(row, error, now)
        if isinstance(error, PermanentError):
            return waits
        since = row.unread_since or now
        due_at = now + min((now - since) / SHARE_OF_OUTAGE, JOB_PROBLEM_PAUSE)
        return replace(waits, due_at=max(waits.due_at, due_at), unread_since=since)

    moved = await drain.ledger.move(rows, wait)
    drain.retries |= {row.due_at for row in moved}
    drain.unread |= read_errors.keys()


def check_outage(drain: Drain) -> None:
    """Raises TemporaryError while a removal waits because Graph could not return its user, so that
    no joiner is called before the revocations. After MAX_READ_OUTAGE Hasten assumes a problem of
    this user. Call if this drain could read nobody."""
    now = drain.now
    unread = [
        row
        for row in drain.ledger.last_seen(drain.target.name)
        if row.is_removal
        and row.state is State.WAITING
        and row.unread_since is not None
        and now - row.found_at < MAX_READ_OUTAGE
    ]
    if unread:
        first = min(unread, key=lambda row: row.due_at)
        raise TemporaryError(first.reason, max(first.due_at - now, MIN_RETRY))
