"""Sorts out the rows that need no call, or cannot have one: what Entra's own cycle has done, will
do sooner, or alone can do, and what must wait because the job does not run."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain import cycle
from hasten.domain.changes import DIRECT, Change, State, finished, left_to_cycle, waiting
from hasten.domain.cycle import Cycle
from hasten.domain.outcomes import of_alert
from hasten.domain.planning import OUT_OF_REACH, Call, Standing
from hasten.errors import PermanentError, TemporaryError
from hasten.ports.telemetry import Event
from hasten.provision.change_events import ended
from hasten.provision.removal_status import Trouble
from hasten.records.discovered import Found

Reason = Callable[[Change], str]
Move = Callable[[Change], Change]

READ_AGAIN = timedelta(minutes=1)
"""How old the job's status may be."""

TROUBLE_PAUSE = timedelta(minutes=5)
"""When to look again whether a job that was in quarantine, or was not there, runs again."""

UNREAD_PAUSE = timedelta(seconds=15)
"""Before Graph is asked again where someone stands."""

COVERED = "Entra's own cycle began after the change and has ended"
SOONER = "paced calls would come later than Entra's own cycle"
UNASSIGNED_GROUP = "the group is no longer assigned, and a call on it has no effect"
NOTHING_TO_DO = "none: Entra's own cycle does it"


@dataclass(slots=True)
class Triage:
    """Of one drain."""

    context: Context
    cycle: Cycle = field(default_factory=Cycle)
    _read_at: datetime | None = None
    _read_of: str = ""

    async def read(self, found: Found) -> Cycle:
        """The job as it is, at most READ_AGAIN old."""
        now = self.context.now()
        is_old = self._read_at is None or now - self._read_at >= READ_AGAIN
        if is_old or self._read_of != found.job:
            self.cycle = cycle.read(
                await self.context.directory.job(found.service_principal, found.job)
            )
            self._read_at, self._read_of = now, found.job
        return self.cycle

    async def wait_out(self, target: str, rows: Sequence[Change]) -> list[Change]:
        """While the job provisions nothing: every row waits, with the reason, and an alert is
        published. Calls would be answered with errors, or would not be proof of anything."""
        now, known = self.context.now(), self.cycle
        about = {"target": target, "reason": known.trouble, "next_action": known.next_action}
        self.context.emit(Event("target", "unhealthy", about, problem=True))
        alert = of_alert(
            "unhealthy",
            target=target,
            group="",
            reason=known.trouble,
            next_action=known.next_action,
            key=known.trouble_since,
            now=now,
        )
        await self.context.outbox.tell([alert])
        return await self.context.ledger.move(
            rows,
            lambda row: waiting(
                row,
                due_at=now + TROUBLE_PAUSE,
                reason=known.trouble,
                next_action=known.next_action,
            ),
        )

    async def postpone(
        self, removals: Sequence[Change], troubles: Mapping[str, Trouble]
    ) -> set[datetime]:
        """Until when those wait of whom Graph does not tell where they stand: one such person holds
        up nobody else."""
        now = self.context.now()

        def wait(row: Change) -> Change:
            match troubles[row.user]:
                case TemporaryError(reason=reason, delay=delay):
                    return waiting(row, due_at=now + max(delay, UNREAD_PAUSE), reason=reason)
                case PermanentError(reason=reason, next_action=next_action):
                    due_at = now + TROUBLE_PAUSE
                    return waiting(row, due_at=due_at, reason=reason, next_action=next_action)

        moved = await self.context.ledger.move(removals, wait)
        return {row.due_at for row in moved}

    async def without_covered(self, rows: Sequence[Change]) -> list[Change]:
        """Ends the rows that a cycle has done, and returns the others. A removal is called all the
        same, unless it is held: an inference is not enough to skip a revocation."""
        done = [
            row
            for row in rows
            if self.cycle.covers(row) and (not row.is_removal or row.state is State.HELD)
        ]
        await self._end(
            done,
            lambda row: finished(row, State.DONE_BY_CYCLE, now=self.context.now(), reason=COVERED),
        )
        gone = frozenset(done)
        return [row for row in rows if row not in gone]

    async def without_unreachable(
        self, removals: Sequence[Change], standings: Mapping[str, Standing], found: Found
    ) -> list[Change]:
        """Ends the removals that no call can bring about, and returns the others."""
        reasons = {
            (row.group, row.user): _out_of_reach(row, standings[row.user], found)
            for row in removals
        }
        left = [row for row in removals if reasons[row.group, row.user]]
        await self._leave(left, lambda row: reasons[row.group, row.user], self.next_cycle(left))
        gone = frozenset(left)
        return [row for row in removals if row not in gone]

    async def without_overflow(
        self, calls: Sequence[Call], times: Sequence[datetime]
    ) -> list[Call]:
        """Leaves grants to the cycle that their call, at the time given for each, would reach
        later; returns the calls that remain."""
        over = [
            call
            for call, at in zip(calls, times, strict=True)
            if not call.is_removal and _is_later(at, self.next_cycle(call.changes))
        ]
        for call in over:
            await self._leave(call.changes, lambda _: SOONER, self.next_cycle(call.changes))
        gone = frozenset(over)
        return [call for call in calls if call not in gone]

    def next_cycle(self, rows: Collection[Change]) -> datetime | None:
        """When the first cycle should be over that can see all of them."""
        return self.cycle.done_by(max([self.context.now(), *map(cycle.shown_from, rows)]))

    async def _leave(self, rows: Sequence[Change], reason: Reason, at: datetime | None) -> None:
        await self._end(
            rows,
            lambda row: left_to_cycle(
                row,
                now=self.context.now(),
                reason=reason(row),
                next_action=NOTHING_TO_DO,
                expected_at=at,
            ),
        )

    async def _end(self, rows: Sequence[Change], to: Move) -> None:
        for row in await self.context.ledger.move(rows, to):
            self.context.emit(ended(row))


def _out_of_reach(row: Change, standing: Standing, found: Found) -> str:
    """Why no call can do it; empty when one can."""
    if standing in OUT_OF_REACH:
        return f"the user is {standing} in Entra, where provisioning on demand cannot act"
    if standing is Standing.ASSIGNED and row.group != DIRECT and not found.watches(row.group):
        return UNASSIGNED_GROUP
    return ""


def _is_later(at: datetime, done_by: datetime | None) -> bool:
    return done_by is not None and at > done_by
