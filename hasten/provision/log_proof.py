"""Reads the provisioning log, of which some entries may be unreadable, and what it proves."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from hasten.context import Context
from hasten.domain.account import about
from hasten.domain.changes import Change
from hasten.domain.cycle import ENTRA_CLOCK_SKEW, time
from hasten.domain.proof import PROOF_TIMEOUT, Proof, Says, proof
from hasten.errors import PermanentError
from hasten.json import Json
from hasten.object_ids import is_object_id
from hasten.ports.directory_values import ProvisioningLog, UnreadEntry
from hasten.records.discovered import DiscoveredTarget
from hasten.telemetry.provision import LogEntriesUnread, LogUnreadable

COMPARE_WITH_PORTAL = (
    "compare these entries with the provisioning log in the Entra portal; the answers of Entra ID "
    "and the other entries count meanwhile"
)
LIES_AHEAD = "activityDateTime lies in the future"
LONGEST_LOG = timedelta(days=7)
"""Entra keeps the entries for 7 days without a license of P1 or P2 (Entra docs, data retention)."""

LONGEST_READ = timedelta(minutes=2)
"""Maximum time for the first read of a log, which takes two seconds for each 999 entries
(REPORT_CALLS_PER_WINDOW)."""

LONGEST_RUN = timedelta(minutes=10)
"""The host ends the timer then (host.json)."""

MOST_NAMED = 50
"""Maximum number of subjects of unreadable entries that an event names."""


Read = Callable[[datetime], Awaitable[ProvisioningLog]]
"""Reads a log since then."""


@dataclass(frozen=True, slots=True)
class Log:
    """`entries` by the id of the object that they are about, and those that cannot be read."""

    entries: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    unread: Sequence[UnreadEntry] = ()


def since(
    rows: Sequence[Change], may_wait: Callable[[Change], bool], *, now: datetime
) -> datetime | None:
    """Returns from when on the log says something about the oldest of `rows`; None if there are
    none. A row that `may_wait` for later entries counts from PROOF_TIMEOUT ago: the read for it is
    repeated."""
    reach = {row: PROOF_TIMEOUT if may_wait(row) else LONGEST_LOG for row in rows}
    times = [max(row.logged_from, now - reach[row]) for row in rows]
    return min(times) - ENTRA_CLOCK_SKEW if times else None


def is_of_days(since: datetime | None, *, now: datetime) -> bool:
    """Returns whether it takes a read of more than one day to read the log since then. The time
    that passes within a run makes no day longer."""
    return since is not None and since < _a_day_before(now) - LONGEST_RUN


async def read_log(
    context: Context,
    found: DiscoveredTarget,
    rows: Sequence[Change],
    since: datetime | None,
    *,
    within: timedelta,
) -> Log | None:
    """Returns the log entries about `rows` since then; None if the read takes longer than `within`.
    Returns none of them if the app may not read the log; the answers are then the only evidence."""
    if since is None:
        return Log()
    subjects = frozenset(subject for row in rows for subject in row.subjects)
    read = partial(context.directory.provisioning_log, found.job, subjects=subjects)
    try:
        async with asyncio.timeout(within.total_seconds()):
            listed = await _listed(read, since, now=context.now())
    except TimeoutError:
        return None
    except PermanentError as error:
        context.emit(
            LogUnreadable(target=found.target, reason=error.reason, next_action=error.next_action)
        )
        return Log()
    log = _without_future(listed, context.now())
    if log.unread:
        context.emit(
            LogEntriesUnread(
                target=found.target,
                entries=len(log.unread),
                subjects=sorted({one.about for one in log.unread if one.about})[:MOST_NAMED],
                reason=log.unread[0].problem,
                next_action=COMPARE_WITH_PORTAL,
            )
        )
    by_subject: dict[str, list[Json]] = defaultdict(list)
    for entry in log.entries:
        by_subject[about(entry)].append(entry)
    return Log(by_subject, log.unread)


async def _listed(read: Read, since: datetime, *, now: datetime) -> ProvisioningLog:
    """Reads only the last day of a log of which so much was written that the read of all takes too
    long: no other target could be verified."""
    if not is_of_days(since, now=now):
        return await read(since)
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_READ.total_seconds()):
            return await read(since)
    return await read(_a_day_before(now))


def _a_day_before(now: datetime) -> datetime:
    return now - PROOF_TIMEOUT - ENTRA_CLOCK_SKEW


def _without_future(log: ProvisioningLog, now: datetime) -> ProvisioningLog:
    """Returns the log with the entries that lie ahead among the unreadable ones: as the newest ones
    they would decide for ever."""
    times = [(time(entry["activityDateTime"]), entry) for entry in log.entries]
    ahead = [entry for at, entry in times if at is not None and at > now + ENTRA_CLOCK_SKEW]
    subjects = [subject if is_object_id(subject) else "" for subject in map(about, ahead)]
    unread = [UnreadEntry(about=subject, at=None, problem=LIES_AHEAD) for subject in subjects]
    entries = [entry for entry in log.entries if entry not in ahead]
    return ProvisioningLog(entries, [*log.unread, *unread])


def proof_in(log: Log, row: Change) -> Proof:
    """Returns what the log proves about a row. The newest entry decides about a removal, so no
    entry proves it that is older than one about the same object that cannot be read: that one may
    show that the account was given again. An unreadable entry about nobody known stops no proof: it
    would leave every removal of the target unproven."""
    entries = [entry for subject in row.subjects for entry in log.entries.get(subject, ())]
    says = proof(row, entries)
    if not row.is_removal or says.says is not Says.CONFIRMED:
        return says
    subjects = row.subjects if row.keeps_assignment else {row.user}
    unread = [one for one in log.unread if one.about in subjects]
    newer = [entry for entry in entries if all(_is_newer(entry, one) for one in unread)]
    return proof(row, newer)


def _is_newer(entry: Json, unread: UnreadEntry) -> bool:
    at = time(entry["activityDateTime"])
    return unread.at is not None and at is not None and at > unread.at
