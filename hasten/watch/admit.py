"""Writes down what was found: as work to be done, or held, where the target only observes or where
more people leave a group than can be believed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hasten.domain.changes import Cause, Change, HeldBy, held, newer, restarted
from hasten.errors import TemporaryError
from hasten.ports.clock import Now
from hasten.ports.telemetry import Emit, Event
from hasten.records.ledger import Ledger
from hasten.targets import Target
from hasten.watch.brake import Braking

OBSERVED = "the target is in observe mode"
DEPLOYED = timedelta(seconds=5)
"""The next sweep forgets a target that left targets.yaml; a process that does not know a new one
yet has soon been replaced."""

OBSERVE_NEXT = "set `mode: act` in targets.yaml when you trust it"


@dataclass(frozen=True, slots=True)
class Recording:
    """The order is count, alert, pause, ledger: a crash between any two repeats the whole, which
    counts and writes nothing twice. Rows that are in the ledger are no news any more, and nobody
    would be told of them."""

    braking: Braking
    ledger: Ledger
    targets: Mapping[str, Target]
    emit: Emit
    now: Now

    async def record(
        self, changes: Sequence[Change], *, members_before: int | None = None
    ) -> list[Change]:
        """Writes what is new and returns it; a row that only learned where else it was seen is no
        news. `members_before` is how many the group had where
        the caller knows it better than the directory does now.

        Raises TemporaryError, once all else is written, for a target that is not in this process's
        targets.yaml: while a new one is deployed, another process may know it.
        """
        by_group: dict[tuple[str, str], list[Change]] = defaultdict(list)
        for change in changes:
            by_group[change.target, change.group].append(change)
        recorded: list[Change] = []
        unknown: set[str] = set()
        for (target, group), found in by_group.items():
            policy = self.targets.get(target)
            if policy is None:
                unknown.add(target)
                continue
            if policy.observes:
                recorded += await self.ledger.record([observed(change) for change in found])
            else:
                recorded += await self._record(policy, group, found, members_before)
        news = [change for change in recorded if change.seen_at <= change.found_at]
        for change in news:
            self._tell(change)
        if unknown:
            raise TemporaryError(f"{min(unknown)} is not in targets.yaml here", DEPLOYED)
        return news

    async def restart(self, known: Change, cause: Cause) -> list[Change]:
        """Has a row that ended called again, as an event asks for it."""
        now = self.now()
        return await self.ledger.move([known], lambda row: restarted(row, cause, now=now))

    async def _record(
        self, target: Target, group: str, found: Sequence[Change], members_before: int | None
    ) -> list[Change]:
        leavers = await self._leavers(found)
        users = {change.user for change in leavers}
        judged = await self.braking.judge(target, group, users, members_before=members_before)
        if judged is None:
            return await self.ledger.record(found)
        await self.braking.tell(target, group, judged, key=f"{leavers[0].origin}:{len(users)}")
        return await self.ledger.record(
            [
                held(c, HeldBy.BRAKE, reason=judged.reason, next_action=judged.next_action)
                if c.user in users
                else c
                for c in found
            ]
        )

    async def _leavers(self, found: Sequence[Change]) -> list[Change]:
        """Removals that are news. Those that an event asked for were judged before Hasten removed
        anyone, and a look that sees them now is not told anything new."""
        leavers = []
        for change in found:
            if not change.is_removal or change.found_by == "event":
                continue
            known = await self.ledger.find(change.target, change.group, change.user)
            judged = known is not None and known.is_removal and known.ahead
            if not judged and newer(known, change) is not None:
                leavers.append(change)
        return leavers

    def _tell(self, change: Change) -> None:
        about = {
            "target": change.target,
            "group": change.group,
            "user": change.user,
            "action": change.action,
            "found_by": change.found_by,
            "state": change.state,
        }
        self.emit(Event("change", "found", about))


def observed(change: Change) -> Change:
    """What is not called while the target observes."""
    return held(change, HeldBy.OBSERVE, reason=OBSERVED, next_action=OBSERVE_NEXT)
