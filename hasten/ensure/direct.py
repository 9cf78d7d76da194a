"""Brings about what events want of people without a group: their own assignment to the target."""

from collections.abc import Sequence
from dataclasses import dataclass

from hasten.domain.changes import DIRECT
from hasten.domain.ensuring import FORBIDDEN_DIRECT, UNKNOWN, Ending, Seen
from hasten.domain.intents import Intent, Wanted
from hasten.domain.outcomes import REJECTED
from hasten.ensure.assignment import Assigned
from hasten.ensure.guard_rails import direct_refusal
from hasten.ensure.work import Work, let_go, marked, origin
from hasten.errors import PermanentError
from hasten.ports.clock import Now
from hasten.ports.directory import Directory, NotYet
from hasten.ports.store import Store
from hasten.records import direct_assignments as direct
from hasten.records.intents import Intents
from hasten.watch.brake import Braking


@dataclass(frozen=True, slots=True)
class DirectEnsuring:
    directory: Directory
    store: Store
    intents: Intents
    braking: Braking
    now: Now

    async def bring_about(self, work: Work, wanted: Sequence[Intent]) -> None:
        """Revocations go before grants; the first error that will pass ends it."""
        if direct_refusal(work.target) is not None:
            work.end([i for i in wanted if i.wanted is not Wanted.IN_STEP], FORBIDDEN_DIRECT)
            wanted = [i for i in wanted if i.wanted is Wanted.IN_STEP]
        assigned = await work.assigned()
        with work.troubles.kept():
            leavers = [i for i in wanted if i.wanted is Wanted.ABSENT and assigned.of(i.user)]
            let = await let_go(work, self.intents, self.braking, leavers)
            stopped = {intent.user for intent in leavers} - {intent.user for intent in let}
            free = [intent for intent in wanted if intent.user not in stopped]
            for intent in sorted(free, key=lambda i: i.wanted is not Wanted.ABSENT):
                is_assigned = bool(assigned.of(intent.user))
                if intent.wanted is Wanted.ABSENT and is_assigned:
                    await self._unassign(work, assigned, intent)
                elif intent.wanted is Wanted.MEMBER and not is_assigned:
                    await self._assign(work, assigned, intent)
                else:
                    seen = await self._seen(work, member=is_assigned, written=intent.writing)
                    work.results.append((intent, seen))

    async def _unassign(self, work: Work, assigned: Assigned, intent: Intent) -> None:
        for current in await marked(self.intents, [intent]):
            gone = await assigned.unassign(intent.user)
            written = gone or intent.writing
            seen = await self._seen(work, member=False, written=written, confirmed=gone)
            work.results.append((current, seen))

    async def _assign(self, work: Work, assigned: Assigned, intent: Intent) -> None:
        try:
            role = assigned.role(str(intent.spec.get("role") or ""))
        except PermanentError as error:
            work.end([intent], Ending(REJECTED, error.reason, error.next_action))
            return
        for current in await marked(self.intents, [intent]):
            await direct.note(self.store, work.target.name, intent.user, self.now())
            try:
                await assigned.assign(intent.user, role)
            except NotYet as error:
                if await self.directory.users(object_id=intent.user):
                    work.troubles.add(error)
                else:
                    work.end([current], UNKNOWN)
                continue
            seen = await self._seen(work, member=True, written=True, confirmed=True)
            work.results.append((current, seen))

    async def _seen(
        self, work: Work, *, member: bool, written: bool, confirmed: bool = False
    ) -> Seen:
        at = self.now()
        begun = await origin(self.store, f"{DIRECT}|{work.target.name}", at)
        return Seen(member=member, written=written, confirmed=confirmed, origin=begun, at=at)
