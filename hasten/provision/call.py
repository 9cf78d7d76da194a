"""Makes one on-demand call and writes down what came of it.

The order is row, pace, request, row: a crash between any two of them leaves rows `calling`, and
the next drain calls them again.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import Change, State, waiting
from hasten.domain.planning import Call
from hasten.domain.settlement import settle
from hasten.domain.verdicts import Result, Verdict, judge
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import WINDOW
from hasten.ports.telemetry import Event
from hasten.provision.change_events import ended
from hasten.provision.triage import Triage
from hasten.records import discovered as registry
from hasten.records.call_window import PaceKeeper
from hasten.records.discovered import Found
from hasten.targets import Target
from hasten.watch.sweep import discover

NOT_HONOURED = "Entra does not yet honour the assignment of the group"


@dataclass(slots=True)
class Caller:
    """The calls of one drain. `discover` reads the target from Graph again, `reload` what was last
    discovered of it."""

    context: Context
    target: Target
    pace: PaceKeeper
    triage: Triage
    found: Found
    retries: set[datetime] = field(default_factory=set)
    """When there is something to do again, for which this drain does not wait."""
    _discovering: asyncio.Lock = field(default_factory=asyncio.Lock)
    _discovered: bool = False

    def free_at(self, now: datetime) -> datetime:
        """When the next call may leave: a slot is free and the breaker lets it through."""
        return max(self.pace.pace.free_at(now), self.pace.breaker.lets_through_at(now))

    async def reserve(self, call: Call) -> Call | None:
        """Marks the rows and spends a slot; None when all of them changed meanwhile.

        Raises Displaced when another drain took over: then no call may be made.
        """
        called = await self.context.ledger.start_call(call.changes, self.context.now())
        if not called:
            return None
        await self.pace.call(self.context.now)
        return replace(call, changes=tuple(called))

    async def make(self, call: Call) -> None:
        """Makes a reserved call; any answer, or none, ends in the ledger."""
        found, started = self.found, self.context.now()
        self._tell_sent(call, started)
        verdict = await self._verdict(call, found)
        now = self.context.now()
        if verdict.result is Result.THROTTLED:
            await self.pace.throttled(now + (verdict.retry_after or WINDOW))
        await self._mind_the_breaker(verdict, now)
        if verdict.result is Result.UNKNOWN_JOB:
            verdict = await self._rediscovered(verdict, found)
        is_fresh = call.group is not None and found.is_fresh(call.group, now)
        next_cycle = self.triage.next_cycle(call.changes)
        settled = await self.context.ledger.end_call(
            call.changes,
            lambda change: settle(
                change,
                call,
                verdict,
                now=now,
                backoff=self.context.backoff,
                is_fresh=is_fresh,
                next_cycle=next_cycle,
            ),
        )
        again = {change.due_at for change in settled if change.state is State.WAITING}
        if verdict.result is Result.NOT_ENTITLED and is_fresh and again:
            await self._spare_the_others(call, min(again))
        self.retries |= again
        self._tell_ended(call, verdict, settled, seconds=(now - started).total_seconds())

    async def finds_another_job(self) -> bool:
        """Whether the target turns out to have another job than the one that is gone. Raises
        TemporaryError."""
        used = self.found
        async with self._discovering:
            if not self._discovered:
                self._discovered = True
                try:
                    self.found = await discover(self.context, self.target)
                except PermanentError:
                    return False  # the job that is missing is told about, which says the same
        return self.found.route != used.route

    async def learn_groups(self) -> None:
        """Those that were assigned, or unassigned, since this drain began."""
        known = await registry.load(self.context.store, self.target.name)
        if known is not None:
            self.found = replace(self.found, groups=known.groups, assigned_at=known.assigned_at)

    async def _mind_the_breaker(self, verdict: Verdict, now: datetime) -> None:
        """Only a call that came to nothing counts against the target: a refusal is an answer."""
        breaker = self.pace.breaker
        if verdict.result not in {Result.TRANSIENT, Result.UNAVAILABLE}:
            await self.pace.judged(breaker.answered())
            return
        await self.pace.judged(breaker.failed(now))
        if breaker.is_closed and not self.pace.breaker.is_closed:
            about = {"target": self.found.target, "reason": verdict.reason}
            self.context.emit(Event("breaker", "open", about, problem=True))

    async def _spare_the_others(self, call: Call, due_at: datetime) -> None:
        """Entra does not know yet that the group is assigned: one call found that out, and the
        other joiners of the group wait with it instead of asking too."""
        others = [
            change
            for change in await self.context.ledger.open_changes(self.found.target)
            if change.group == call.group
            and change.state is State.PENDING
            and not change.is_removal
            and change.due_at < due_at
        ]
        await self.context.ledger.move(
            others, lambda change: waiting(change, due_at=due_at, reason=NOT_HONOURED)
        )

    async def _verdict(self, call: Call, found: Found) -> Verdict:
        rule = found.group_rule if call.group else found.user_rule
        if rule is None:
            return Verdict(Result.UNKNOWN_JOB, reason="the job has no rule for this kind of call")
        try:
            return judge(
                await self.context.directory.provision_on_demand(
                    found.service_principal,
                    found.job,
                    rule,
                    group=call.group,
                    users=sorted(call.users),
                )
            )
        except TemporaryError as error:
            return Verdict(Result.UNAVAILABLE, reason=error.reason, retry_after=error.delay)
        except PermanentError as error:
            return Verdict(Result.NOT_PERMITTED, reason=error.reason, next_action=error.next_action)

    async def _rediscovered(self, verdict: Verdict, used: Found) -> Verdict:
        """Reads job and rules again, once in a drain: the call is repeated if they differ."""
        async with self._discovering:
            if not self._discovered:
                self._discovered = True
                try:
                    self.found = await discover(self.context, self.target)
                except TemporaryError as error:
                    return replace(verdict, reason=error.reason)
                except PermanentError as error:
                    return replace(verdict, reason=error.reason, next_action=error.next_action)
        if self.found.route == used.route:
            return replace(verdict, next_action="check the provisioning job of the target")
        return replace(verdict, result=Result.REROUTED)

    def _tell_sent(self, call: Call, now: datetime) -> None:
        oldest = min(change.noticed_at for change in call.changes)
        about = {
            "target": self.found.target,
            "group": call.group,
            "users": sorted(call.users),
            "removal": call.is_removal,
            "waited_ms": round((now - oldest).total_seconds() * 1000),
        }
        self.context.emit(Event("call", "sent", about))

    def _tell_ended(
        self, call: Call, verdict: Verdict, settled: list[Change], *, seconds: float
    ) -> None:
        about = {
            "target": self.found.target,
            "group": call.group,
            "code": verdict.code,
            "reason": verdict.reason,
            "next_action": verdict.next_action,
            "seconds": round(seconds, 3),
        }
        someone_must_act = verdict.result in {Result.FAILED, Result.NOT_PERMITTED}
        self.context.emit(Event("call", verdict.result, about, problem=someone_must_act))
        for change in settled:
            self.context.emit(ended(change))
