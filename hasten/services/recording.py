"""Writes down what was found: as work to be done, or held, where the target only observes or where
more people leave a group than can be believed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hasten.domain.changes import DIRECT, Cause, Change, HeldBy, held, newer, restarted
from hasten.domain.outcomes import of_alert
from hasten.ports.clock import Now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.services import registry
from hasten.services.brake import Removals
from hasten.services.ledger import Ledger
from hasten.services.outbox import Outbox
from hasten.targets import Target

OBSERVED = "the target is in observe mode"
OBSERVE_NEXT = "set `mode: act` in targets.yaml when you trust it"


@dataclass(frozen=True, slots=True)
class Recording:
    """The order is count, ledger, alert, pause: a crash between any two repeats the whole, which
    counts, writes and tells nothing twice."""

    directory: Directory
    store: Store
    ledger: Ledger
    outbox: Outbox
    targets: Mapping[str, Target]
    emit: Emit
    now: Now

    async def record(
        self, changes: Sequence[Change], *, members_before: int | None = None
    ) -> list[Change]:
        """Writes what is new and returns it. `members_before` is how many the group had where
        the caller knows it better than the directory does now."""
        by_group: dict[tuple[str, str], list[Change]] = defaultdict(list)
        for change in changes:
            by_group[change.target, change.group].append(change)
        recorded: list[Change] = []
        for (target, group), found in by_group.items():
            policy = self.targets.get(target)
            if policy is None:
                continue  # it left targets.yaml a moment ago
            if policy.observes:
                found = [  # noqa: PLW2901 - the same changes, held
                    held(c, HeldBy.OBSERVE, reason=OBSERVED, next_action=OBSERVE_NEXT)
                    for c in found
                ]
                recorded += await self.ledger.record(found)
            else:
                recorded += await self._record(policy, group, found, members_before)
        for change in recorded:
            self._tell(change)
        return recorded

    async def restart(self, known: Change, cause: Cause) -> list[Change]:
        """Has a row that ended called again, as an event asks for it."""
        now = self.now()
        return await self.ledger.move([known], lambda row: restarted(row, cause, now=now))

    async def _record(
        self, target: Target, group: str, found: Sequence[Change], members_before: int | None
    ) -> list[Change]:
        leavers = await self._leavers(found)
        if not leavers:
            return await self.ledger.record(found)
        origin = leavers[0].origin
        users = {change.user for change in leavers}
        count = await Removals(self.store).count(target.name, group, users, origin, self.now())
        if not target.brake.may_be_exceeded(count):
            return await self.ledger.record(found)
        before = members_before
        if before is None:
            before = await self._size(target, group) + count
        if not target.brake.exceeded(removals=count, members_before=before):
            return await self.ledger.record(found)
        reason = f"{count} of {before} members left within minutes"
        release = f"python -m hasten release {target.name} --group {group}"
        next_action = f"if it is meant: {release}; else: mend the group, then discard"
        recorded = await self.ledger.record(
            [
                held(change, HeldBy.BRAKE, reason=reason, next_action=next_action)
                if change.user in users
                else change
                for change in found
            ]
        )
        await self._alert(target, group, reason, next_action, key=f"{origin}:{len(users)}")
        return recorded

    async def _leavers(self, found: Sequence[Change]) -> list[Change]:
        """Removals that are news: those Hasten wrote down itself have been counted."""
        leavers = []
        for change in found:
            if not change.is_removal:
                continue
            known = await self.ledger.find(change.target, change.group, change.user)
            counted = known is not None and known.is_removal and known.ahead
            if not counted and newer(known, change) is not None:
                leavers.append(change)
        return leavers

    async def _size(self, target: Target, group: str) -> int:
        if group != DIRECT:
            return await self.directory.member_count(group)
        found = await registry.load(self.store, target.name)
        if found is None:
            return 0
        assignments = await self.directory.assignments(found.service_principal)
        return sum(1 for assignment in assignments if assignment.kind == "User")

    async def _alert(
        self, target: Target, group: str, reason: str, next_action: str, *, key: str
    ) -> None:
        about = {
            "target": target.name,
            "group": group,
            "reason": reason,
            "next_action": next_action,
        }
        self.emit(Event("brake", "held", about, problem=True))
        alert = of_alert(
            "held",
            target=target.name,
            group=group,
            reason=reason,
            next_action=next_action,
            key=key,
            now=self.now(),
        )
        await self.outbox.tell([alert])
        if not target.pause_job:
            return
        found = await registry.load(self.store, target.name)
        if found is not None:
            await self.directory.pause_job(found.service_principal, found.job)
            self.emit(Event("job", "paused", {"target": target.name}, problem=True))

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
