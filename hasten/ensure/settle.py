"""Ends intents that were brought about: each with a change in the ledger, or with an outcome."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hasten.domain.changes import Change
from hasten.domain.ensuring import Ending, Restart, Seen, Wait, decide
from hasten.domain.intents import THE_GROUP, Intent
from hasten.domain.outcomes import of_event
from hasten.ensure.work import Result
from hasten.error_collector import Troubles
from hasten.errors import TemporaryError
from hasten.messages import Wake
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import NotYet
from hasten.ports.telemetry import Emit, Event
from hasten.records.intents import Intents
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.watch.admit import Recording

RECORDED = "recorded"
"""Outcome of an intent whose change tells the rest."""


@dataclass(frozen=True, slots=True)
class Settling:
    intents: Intents
    ledger: Ledger
    recording: Recording
    outbox: Outbox
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId

    async def settle(self, target: str, results: Sequence[Result], troubles: Troubles) -> None:
        """The order is ledger, wake, outcomes, intents: a crash between any two repeats the whole,
        which writes, calls and tells nothing twice."""
        ended = [(intent, end) for intent, end in results if isinstance(end, Ending)]
        seen = [(intent, end) for intent, end in results if isinstance(end, Seen)]
        recorded: list[Intent] = []
        rows = await asyncio.gather(*(self._row(intent) for intent, _ in seen))
        changes: list[Change] = []
        for (intent, sight), row in zip(seen, rows, strict=True):
            match decide(intent, sight, row, self.now()):
                case Ending() as ending:
                    ended.append((intent, ending))
                    continue
                case Wait():
                    troubles.add(NotYet(f"what was written of {intent.user} does not show yet"))
                    continue
                case Restart(known):
                    await self.recording.restart(known, intent.cause)
                case Change() as change:
                    changes.append(change)
            recorded.append(intent)
        await self.recording.record(changes)
        if recorded:
            wake = Wake(target=target)
            await self.bus.send(wake.queue, [wake.message(self.new_id())])
        await self._end(ended)
        await self.intents.finish(await self._standing(recorded, troubles), RECORDED)

    async def _standing(self, recorded: Sequence[Intent], troubles: Troubles) -> list[Intent]:
        """Those that a row stands for now. A look that was faster leaves the others open, and they
        are brought about anew."""
        rows = await asyncio.gather(*(self._row(intent) for intent in recorded))
        standing = [
            intent
            for intent, row in zip(recorded, rows, strict=True)
            if row is not None and intent.cause in row.causes
        ]
        if len(standing) < len(recorded):
            troubles.add(TemporaryError("a look saw something newer", timedelta(seconds=1)))
        return standing

    async def _row(self, intent: Intent) -> Change | None:
        return await self.ledger.find(intent.target, intent.group, intent.user)

    async def _end(self, ended: Sequence[tuple[Intent, Ending]]) -> None:
        outcomes = [
            of_event(
                intent.cause,
                target=intent.target,
                group=intent.group,
                user="" if intent.user == THE_GROUP else intent.user,
                result=ending.result,
                reason=ending.reason,
                next_action=ending.next_action,
                now=self.now(),
            )
            for intent, ending in ended
        ]
        await self.outbox.tell(outcomes)
        by_result: dict[str, list[Intent]] = defaultdict(list)
        for intent, ending in ended:
            by_result[ending.result].append(intent)
            about = {
                "target": intent.target,
                "group": intent.group,
                "user": intent.user,
                "reason": ending.reason,
            }
            self.emit(Event("intent", ending.result, about))
        for result, intents in by_result.items():
            await self.intents.finish(intents, result)
