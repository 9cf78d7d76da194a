"""Holds the state of one drain, the only state that its steps share, and reads anew what may change
meanwhile: the status of the job, the job itself, the groups, and the stops."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.app_revocation import AppRevocation
from hasten.domain.changes import Change
from hasten.domain.cycle import Cycle
from hasten.domain.long_ago import LONG_AGO
from hasten.errors import PermanentError, TemporaryError
from hasten.provision.removal_status import StatusReads
from hasten.provision.shared_limit import SharedLimit
from hasten.records import discovered, stops
from hasten.records.call_window import CallWindow
from hasten.records.discovered import DiscoveredTarget
from hasten.records.ledger import Ledger
from hasten.records.outbox import Unsent
from hasten.targets import Target
from hasten.telemetry.targets import JobUnread
from hasten.watch.sweep import discover

JOB_STATUS_MAX_AGE = timedelta(minutes=1)
"""Maximum age of the job status."""


@dataclass(slots=True)
class Drain:
    """`found` is the discovered target; `cycle` is the last status that Hasten read of its job."""

    context: Context
    target: Target
    ledger: Ledger
    """The drain's own ledger: it remembers the open rows as this drain listed and wrote them."""

    unsent: Unsent
    window: CallWindow
    found: DiscoveredTarget
    cycle: Cycle = field(default_factory=Cycle)
    retries: set[datetime] = field(default_factory=set)
    """Times at which rows are due again and for which this drain does not wait."""

    postponed: set[str] = field(default_factory=set)
    """Users whose rows a plan of this drain has let wait for something else than a call. Until they
    are due, Hasten does not use them as probes of the breaker: a plan would only postpone them
    again."""

    probed_until: datetime = LONG_AGO
    """Until then this drain reads no joiner to find out whether Graph returns anybody."""

    handed_back: dict[str, AppRevocation] = field(default_factory=dict)
    """Users whom this drain leaves to the calls, with what Hasten met when it tried to take their
    access in the app."""

    app_is_out: AppRevocation | None = None
    """Why this drain makes no further request to the app, for anybody; None while it does."""

    accepting: set[str] = field(default_factory=set)
    """Groups on which Graph has accepted a call of this drain since it last refused a shared
    one."""

    answered: defaultdict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))
    """By user, when the calls began that Entra ID has answered during this drain."""

    limit: SharedLimit = field(init=False)
    reads: StatusReads = field(init=False)

    _cycle_read_at: datetime | None = None
    _cycle_read_of: str = ""
    """The id of the job that was read."""

    _cycle_unread: TemporaryError | PermanentError | None = None
    """The error of the last read of the job's status; None if it succeeded."""

    _discovering: asyncio.Lock = field(default_factory=asyncio.Lock)
    _was_rediscovered: bool = False
    _undiscovered: PermanentError | TemporaryError | None = None
    """Why this drain could not discover the job again; None if it could, or did not try."""

    _stop_checked_at: datetime | None = None
    _sending: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.reads = StatusReads(self.context)
        self.limit = SharedLimit(self.context, self.target.name)

    @property
    def now(self) -> datetime:
        return self.context.now()

    @property
    def is_breaker_closed(self) -> bool:
        return self.window.breaker.is_closed

    def free_at(self, now: datetime, rows: Collection[Change] | None = None) -> datetime:
        """Returns the time at which the next call may leave: a slot is free and the breaker lets it
        through. With `rows` it is the time of the first call about any of them; a removal waits
        less than a grant."""
        return max(self._own_free_at(now, rows), self.limit.free_at(now))

    def waits_for_others(self, now: datetime) -> bool:
        """Returns whether only the limit that the targets share delays the next call."""
        return self.limit.is_shared and self._own_free_at(now) <= self.limit.free_at(now)

    def used(self, now: datetime) -> int:
        """Returns the number of calls that count in the window at the time `now`."""
        return max(self.window.pace.used(now), self.limit.used(now))

    def times(self, calls: int) -> list[datetime]:
        """Returns, for each of so many calls, the earliest time at which Hasten could make it."""
        own = self.window.pace.times(self.now, calls)
        return list(map(max, own, self.limit.times(self.now, calls)))

    def _own_free_at(self, now: datetime, rows: Collection[Change] | None = None) -> datetime:
        removals = None if rows is None else [row for row in rows if row.is_removal]
        is_removal = removals is None or bool(removals)
        is_new = removals is None or any(row.attempts == 0 for row in removals)
        return max(
            self.window.pace.free_at(now, is_removal=is_removal),
            self.window.breaker.lets_through_at(now, is_new_removal=is_new),
        )

    def met_in_app(self, user: str) -> AppRevocation | None:
        """Returns why the app has not taken the access of the user in this drain; None if Hasten
        did not ask it, or if it has."""
        return self.handed_back.get(user, self.app_is_out)

    def postpones(self, rows: Collection[Change]) -> None:
        """Notes that a plan has let these rows wait: a wake follows when they are due."""
        self.retries |= {row.due_at for row in rows}
        self.postponed |= {row.user for row in rows}

    async def open_rows(self) -> list[Change]:
        """Returns the open rows of the target. Reads them again only if another worker has left a
        mark. Raises TemporaryError of the store."""
        name = self.target.name
        is_marked = self.window.lease.marked.is_set()
        return await self.ledger.open_changes(name) if is_marked else self.ledger.last_seen(name)

    async def check_stop(self) -> None:
        """Raises Stopped if an operator has stopped the target. Reads the stops again when the last
        check that found no stop began longer than STOP_CHECK_KEPT ago. Raises TemporaryError of the
        store."""
        at, began = self._stop_checked_at, self.now
        if at is None or began - at > stops.STOP_CHECK_KEPT:
            await stops.check(self.context.store, self.target.name)
            self._stop_checked_at = began

    async def send_outcomes(self) -> None:
        """Sends the outcomes that were written until now; the lease then deletes them. Raises
        TemporaryError of Service Bus."""
        self.window.lease.deletes += await self.context.outbox.send(self.target.name, self.unsent)

    def begin_sending(self) -> None:
        """Starts to send the outcomes beside the calls, so that publishing delays no revocation.
        Does nothing if that is under way already, or has failed before: the drain then sends them
        at its end."""
        task = self._sending
        went_well = task is None or (task.done() and task.exception() is None)
        if self.unsent.documents and went_well:
            self._sending = asyncio.create_task(self.send_outcomes())

    async def finish_sending(self) -> None:
        """Waits until what `begin_sending` started has ended. Raises an unexpected exception, but
        no TemporaryError."""
        if self._sending is not None:
            await asyncio.wait([self._sending])
            error = self._sending.exception()
            if error is not None and not isinstance(error, TemporaryError):
                raise error

    async def read_cycle(self) -> None:
        """Reads the status of the job into `cycle` unless the last read is younger than
        JOB_STATUS_MAX_AGE. Raises the TemporaryError or PermanentError of Graph that ended that
        read."""
        now, found = self.now, self.found
        is_old = self._cycle_read_at is None or now - self._cycle_read_at >= JOB_STATUS_MAX_AGE
        if is_old or self._cycle_read_of != found.job:
            self._cycle_read_at, self._cycle_read_of, self._cycle_unread = now, found.job, None
            try:
                job = await self.context.directory.job(found.service_principal, found.job)
                self.cycle = cycle.parse(job, self.now)
            except (TemporaryError, PermanentError) as error:
                self._cycle_unread = error
                self.context.emit(
                    JobUnread(
                        target=found.target, reason=error.reason, next_action=error.next_action
                    )
                )
        if self._cycle_unread is not None:
            raise self._cycle_unread

    async def rediscover(self) -> PermanentError | TemporaryError | None:
        """Discovers the job and its rules again, at most once in a drain. Returns the error if it
        could not."""
        async with self._discovering:
            if not self._was_rediscovered:
                self._was_rediscovered = True
                try:
                    self.found = await discover(self.context, self.target)
                except (PermanentError, TemporaryError) as error:
                    self._undiscovered = error
        return self._undiscovered

    async def learn_groups(self) -> None:
        """Reads the groups that a sweep found assigned, or unassigned, since this drain began."""
        known = await discovered.load(self.context.store, self.target.name)
        if known is not None:
            self.found = replace(self.found, groups=known.groups, assigned_at=known.assigned_at)
