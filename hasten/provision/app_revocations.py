"""Takes access in the app itself for the removals of one drain, beside the on-demand calls and at
the pace of the app. It returns the removals that it cannot make, so that the drain calls for
them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hasten.domain.app_condition import AppCondition
from hasten.domain.app_revocation import (
    NEEDS_OPERATOR,
    AppRevocation,
    AppRevocationResult,
    settled,
)
from hasten.domain.changes import Change, State
from hasten.domain.late_calls import UnansweredCall, unanswered
from hasten.domain.long_ago import LONG_AGO
from hasten.errors import PermanentError
from hasten.ports.application import Application
from hasten.provision.change_events import emit_moved
from hasten.provision.kept_memberships import noting_groups
from hasten.provision.late_calls import after_late_calls, note_answered
from hasten.provision.put_aside import EXPECTED_ERRORS, report_crash
from hasten.provision.revoke_in_app import revoke
from hasten.provision.state import Drain
from hasten.scim import Match, Scim
from hasten.stray_end import no_stray_end
from hasten.telemetry.provision import AppRefused, AppRevocationEnded

PEOPLE_AT_ONCE = 16
"""Maximum number of people whose access Hasten takes at the same time. An answer of an app can take
seconds, and each person needs three requests."""

FEED_EVERY = timedelta(seconds=1)
"""Interval at which Hasten starts the work for further people while other work is under way."""


@dataclass(slots=True)
class AppRevocations:
    """Takes access in the app for every removal that is due. `called` returns the users whom a call
    under way names. Hasten does not serve them, because two writes for one user could overtake each
    other."""

    drain: Drain
    scim: Scim | None
    called: Callable[[], frozenset[str]]
    _application: Application | None = None
    _tasks: dict[asyncio.Task[None], str] = field(default_factory=dict)
    _feeding: asyncio.Task[None] | None = None
    _condition: AppCondition = field(default_factory=AppCondition)
    _next_turn: datetime = LONG_AGO
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when Hasten begins no further work in the app: at the end of the drain, or when the app
    serves nobody."""

    _is_left: bool = False
    _has_ended: bool = False

    @classmethod
    def of(cls, drain: Drain, called: Callable[[], frozenset[str]]) -> "AppRevocations":
        """Returns the work for a drain. In observe mode it takes nothing."""
        return cls(drain, None if drain.target.observes else drain.target.scim, called)

    @property
    def users(self) -> frozenset[str]:
        """The users whose access Hasten is taking now."""
        return frozenset(self._tasks.values())

    @property
    def is_busy(self) -> bool:
        """True while work is under way, or while due removals wait for it."""
        return bool(self._tasks) or self._is_left

    def takes(self, row: Change) -> bool:
        """Returns whether Hasten takes the access of this row in the app, and not by a call."""
        return (
            self.scim is not None
            and row.is_removal
            and row.state is not State.HELD
            and row.user not in self.drain.handed_back
        )

    def offer(self, rows: Sequence[Change]) -> list[Change]:
        """Starts the work for those of `rows` that are due, and returns the rows for which the
        drain must call. People whom Hasten has not tried yet come first, then those whose last try
        is oldest: somebody whom the app refuses delays nobody else."""
        now, busy = self.drain.now, self.users | self.called()
        due: dict[str, list[Change]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (row.called_at or LONG_AGO, row.found_at)):
            if self.takes(row) and row.is_due(now) and row.user not in busy:
                due[row.user].append(row)
        self._is_left = False
        for user, removals in due.items():
            application = self._opened()
            if application is None:
                break
            if len(self._tasks) == PEOPLE_AT_ONCE:
                self._is_left = True
                break
            self._tasks[asyncio.create_task(self._serve(application, tuple(removals)))] = user
        if self._feeding is None and any(map(self.takes, rows)):
            self._feeding = asyncio.create_task(self._feed())
        return [row for row in rows if not self.takes(row)]

    def collect(self) -> bool:
        """Returns whether the work for any person has ended since the last call of this method.
        Raises Stopped, Displaced, and TemporaryError of the store."""
        self._forget()
        ended, self._has_ended = self._has_ended, False
        return ended

    async def finish(self) -> None:
        """Waits until the work that has begun has ended. People who still wait for their turn are
        left to the next drain: their rows say nothing of a request yet. Raises the errors of
        `collect`."""
        self._is_over.set()
        if self._feeding is not None and not self._feeding.done():
            self._feeding.cancel()
            self._feeding = None
        self._is_left = False
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.collect()

    async def _feed(self) -> None:
        """Continues while the calls wait for their own slots, also with those who are due later."""
        while True:
            await asyncio.sleep(FEED_EVERY.total_seconds())
            self._forget()
            self.offer(await self.drain.open_rows())

    def _forget(self) -> None:
        """Makes room for others. Raises what ended a task."""
        tasks = [*self._tasks, *filter(None, [self._feeding])]
        done = [task for task in tasks if task.done()]
        for task in done:
            self._tasks.pop(task, None)
        self._has_ended = self._has_ended or bool(done)
        for error in [task.exception() for task in done]:
            if error is not None:
                raise error

    def _opened(self) -> Application | None:
        """Returns the app; None if it cannot be used. The drain then calls for all rows."""
        if self._application is None and self.scim is not None:
            try:
                self.scim = self.scim.matched(self.drain.found.match)
                self._application = self.drain.context.ports.application(self.scim)
            except PermanentError as error:
                self._give_up(
                    AppRevocation(
                        result=AppRevocationResult.NO_ACCESS,
                        reason=error.reason,
                        next_action=error.next_action,
                    )
                )
        return None if self.scim is None else self._application

    def _give_up(self, met: AppRevocation) -> None:
        """Makes no further request to the app in this drain, which then calls for all rows."""
        if self.scim is None:
            return  # a request that was under way has ended after another
        self.scim, self.drain.app_is_out = None, met
        self._is_over.set()
        if met.result in NEEDS_OPERATOR:
            name, reason, next_action = self.drain.target.name, met.reason, met.next_action
            self.drain.context.emit(AppRefused(target=name, reason=reason, next_action=next_action))

    async def _serve(self, application: Application, rows: tuple[Change, ...]) -> None:
        """Tries to take the access of one person in the app."""
        drain, ledger, user = self.drain, self.drain.ledger, rows[0].user
        scim, started = await self._turn(), self.drain.now
        if scim is None:
            return
        before = {row.name: row for row in rows}
        called = await ledger.start_call(rows, started, commit=self.drain.window.lease.commit)
        if not called:
            return
        outcome = await self._revoked(application, scim.matching, tuple(called))
        now = self.drain.now
        is_out = outcome.result is AppRevocationResult.CONFIRMED
        noting = noting_groups(self.drain.context, called) if is_out else None
        is_last = self._condition.serves_nobody(outcome, now)
        if outcome.may_land:
            late = UnansweredCall(at=started, users=frozenset({user}), takes=True, group=None)
            await drain.window.judged(drain.window.breaker, late)
        else:
            note_answered(drain, called)

        def end(row: Change) -> Change:
            tried = unanswered(row) if outcome.may_land else row
            after = after_late_calls(drain, settled(tried, outcome, now=now, is_last=is_last))
            return _with_last_call(before[row.name], after, outcome)

        ended = await ledger.end_call(called, end, commit=noting)
        if noting is not None and not ended:
            await noting([])  # all rows changed meanwhile
        self._emit(user, outcome, seconds=(now - started).total_seconds())
        if outcome.result is AppRevocationResult.THROTTLED and outcome.delay is not None:
            self._next_turn = max(self._next_turn, now + outcome.delay)
        if any(row.state is State.PENDING for row in ended):
            self.drain.handed_back[user] = outcome
        if is_last:
            self._give_up(outcome)
        self.drain.retries |= {row.due_at for row in ended if row.state is State.WAITING}
        for row in ended:
            emit_moved(self.drain.context, row)

    async def _revoked(
        self, application: Application, match: Match, rows: tuple[Change, ...]
    ) -> AppRevocation:
        """An unexpected exception concerns this user alone, and leaves the user to the calls."""
        try:
            with no_stray_end():
                return await revoke(self.drain, application, match, rows)
        except EXPECTED_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - reported, and a call follows
            met = await report_crash(self.drain, rows, error)
            reason = f"an unexpected exception: {met.reason}"
            return AppRevocation(
                result=AppRevocationResult.UNAVAILABLE, reason=reason, may_land=True
            )

    async def _turn(self) -> Scim | None:
        """Waits until `calls_per_minute` of the app allows one more person, and returns how to
        reach it. Returns None if Hasten begins no further work in it."""
        while self.scim is not None and not self._is_over.is_set():
            now = self.drain.now
            if self._next_turn <= now:
                self._next_turn = now + timedelta(minutes=1) / self.scim.calls_per_minute
                return self.scim
            with suppress(TimeoutError):
                async with asyncio.timeout((self._next_turn - now).total_seconds()):
                    await self._is_over.wait()
        return None

    def _emit(self, user: str, outcome: AppRevocation, *, seconds: float) -> None:
        self.drain.context.emit(
            AppRevocationEnded(
                result=outcome.result,
                target=self.drain.target.name,
                user=user,
                reason=outcome.reason,
                next_action=outcome.next_action,
                seconds=round(seconds, 3),
            )
        )


def _with_last_call(before: Change, after: Change, outcome: AppRevocation) -> Change:
    """Returns the row after a try. Of somebody who is still assigned, the app took nothing, and of
    a leaver who keeps another assignment it shows nothing of the membership: the last call on
    demand stays the last one."""
    may_have_taken = outcome.may_land or outcome.result is AppRevocationResult.CONFIRMED
    is_assigned = outcome.result is AppRevocationResult.STILL_ASSIGNED
    if not is_assigned and (may_have_taken or not before.keeps_assignment):
        return after
    return replace(after, called_at=before.called_at, keeps_assignment=before.keeps_assignment)
