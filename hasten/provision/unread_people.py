"""Lets rows wait whose people Graph cannot return, and the grants while Graph returns nobody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.domain.changes import Change, State
from hasten.errors import PermanentError, ReadError, TemporaryError
from hasten.provision.state import Drain
from hasten.provision.triage import JOB_PROBLEM_PAUSE, UNREADABLE_USER_PAUSE, postponed

MAX_READ_OUTAGE = timedelta(hours=1)
"""Maximum time for which failing reads keep joiners waiting. After that only the users concerned
wait."""

SHARE_OF_OUTAGE = 8
"""Divides the time for which a user could not be read, which gives the pause before the next read.
After an outage the pause is in proportion to it; it never exceeds JOB_PROBLEM_PAUSE."""

MIN_RETRY = timedelta(seconds=1)

PROBES = 3
"""Number of joiners whom Hasten reads to find out whether Graph returns anybody: one joiner may be
as unreadable as the leaver."""


CALLED_UNREAD_AFTER, CALLED_UNREAD_EVERY = timedelta(minutes=5), timedelta(hours=1)
"""How long a removal waits for its user to be read before it is called all the same, and how long
after a call. The call does no harm: Entra ID knows who is assigned, and only evidence ends the
row."""


async def called_unread(
    drain: Drain, rows: Sequence[Change], read_errors: Mapping[str, ReadError]
) -> list[Change]:
    """Returns those of `rows` for which Hasten calls although it could not read their users, and
    postpones the others. `read_errors` has the errors by user."""
    called = [row for row in rows if _is_called(row, drain.now)]
    await _postpone(drain, [row for row in rows if row not in called], read_errors)
    return called


def _is_called(row: Change, now: datetime) -> bool:
    is_old = now - row.found_at >= CALLED_UNREAD_AFTER
    was_called = row.called_at is not None and now - row.called_at < CALLED_UNREAD_EVERY
    return row.is_removal and is_old and not was_called


async def _postpone(
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

    drain.postpones(await drain.ledger.move(rows, wait))


def reads_anew(drain: Drain, unread: Sequence[Change]) -> bool:
    """Returns whether Hasten has not read a leaver yet whom it has not failed to read before: one
    of `unread`, or of the people whose read is under way."""
    reading = drain.reads.users
    open_rows = drain.ledger.last_seen(drain.target.name)
    rows = [*unread, *(row for row in open_rows if row.user in reading)]
    return any(row.is_removal and row.unread_since is None for row in rows)


async def check_outage(drain: Drain, grants: Sequence[Change]) -> None:
    """Raises TemporaryError while a removal waits because Graph could not return its user, and
    Graph returns none of the first joiners either: no joiner is called before the revocations.
    After MAX_READ_OUTAGE Hasten assumes a problem of these users. Call if this drain could read
    nobody."""
    now = drain.now
    unread = [
        row
        for row in drain.ledger.last_seen(drain.target.name)
        if row.is_removal
        and row.state is State.WAITING
        and row.unread_since is not None
        and now - row.found_at < MAX_READ_OUTAGE
    ]
    if not unread:
        return
    if now >= drain.probed_until:
        await _probe(drain, grants, leaving={row.user for row in unread})
    if not drain.reads.has_answer:
        first = min(unread, key=lambda row: row.due_at)
        raise TemporaryError(first.reason, max(first.due_at - now, MIN_RETRY))


async def _probe(drain: Drain, grants: Sequence[Change], *, leaving: Collection[str]) -> None:
    """Reads the first joiners, and none again before Graph may return them: a run that waits for
    the app plans again and again."""
    joiners = list(dict.fromkeys(row.user for row in grants if row.user not in leaving))
    probes = [row for row in grants if row.user in joiners[:PROBES]]
    _, errors = await drain.reads.status(drain.found.service_principal, probes)
    delays = [error.delay for error in errors.values() if isinstance(error, TemporaryError)]
    drain.probed_until = drain.now + max([UNREADABLE_USER_PAUSE, *delays])
