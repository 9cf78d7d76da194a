"""Makes one on-demand call and writes down what came of it.

The order is row, pace, request, row: a crash between any two of them leaves rows `calling`, and
the next drain calls them again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from hasten.domain.changes import Change, State
from hasten.domain.planning import Call
from hasten.domain.settlement import Backoff, settle
from hasten.domain.verdicts import Result, Verdict, judge
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import WINDOW
from hasten.ports.clock import Now
from hasten.ports.directory import Directory
from hasten.ports.telemetry import Emit, Event
from hasten.services.ledger import Ledger
from hasten.services.outcomes import ended
from hasten.services.paces import PaceKeeper
from hasten.services.registry import Found


@dataclass(slots=True)
class Caller:
    """The calls of one drain. `discover` reads the target from Graph again."""

    directory: Directory
    ledger: Ledger
    pace: PaceKeeper
    found: Found
    discover: Callable[[], Awaitable[Found]]
    emit: Emit
    now: Now
    backoff: Backoff
    retries: set[datetime] = field(default_factory=set)
    """When there is something to do again, for which this drain does not wait."""
    _discovering: asyncio.Lock = field(default_factory=asyncio.Lock)
    _discovered: bool = False

    async def reserve(self, call: Call) -> Call | None:
        """Marks the rows and spends a slot; None when all of them changed meanwhile.

        Raises Displaced when another drain took over: then no call may be made.
        """
        called = await self.ledger.start_call(call.changes, self.now())
        if not called:
            return None
        await self.pace.call(self.now)
        return replace(call, changes=tuple(called))

    async def make(self, call: Call) -> None:
        """Makes a reserved call; any answer, or none, ends in the ledger."""
        found, started = self.found, self.now()
        self._tell_sent(call, started)
        verdict = await self._verdict(call, found)
        now = self.now()
        if verdict.result is Result.THROTTLED:
            await self.pace.throttled(now + (verdict.retry_after or WINDOW))
        if verdict.result is Result.UNKNOWN_JOB:
            verdict = await self._rediscovered(verdict, found)
        settled = await self.ledger.move(
            call.changes,
            lambda change: settle(change, call, verdict, now=now, backoff=self.backoff),
        )
        self.retries |= {change.due_at for change in settled if change.state is State.WAITING}
        self._tell_ended(call, verdict, settled, seconds=(now - started).total_seconds())

    async def _verdict(self, call: Call, found: Found) -> Verdict:
        rule = found.group_rule if call.group else found.user_rule
        if rule is None:
            return Verdict(Result.UNKNOWN_JOB, reason="the job has no rule for this kind of call")
        try:
            return judge(
                await self.directory.provision_on_demand(
                    found.service_principal,
                    found.job,
                    rule,
                    group=call.group,
                    users=sorted(call.users),
                )
            )
        except TemporaryError as error:
            return Verdict(Result.TRANSIENT, reason=error.reason, retry_after=error.delay)
        except PermanentError as error:
            return Verdict(Result.NOT_PERMITTED, reason=error.reason, next_action=error.next_action)

    async def _rediscovered(self, verdict: Verdict, used: Found) -> Verdict:
        """Reads job and rules again, once in a drain: the call is repeated if they differ."""
        async with self._discovering:
            if not self._discovered:
                self._discovered = True
                try:
                    self.found = await self.discover()
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
        self.emit(Event("call", "sent", about))

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
        self.emit(Event("call", verdict.result, about, problem=someone_must_act))
        for change in settled:
            self.emit(ended(change))
