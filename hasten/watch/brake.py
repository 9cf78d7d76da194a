"""Judges whether more people leave a group at once than can be believed, and calls an operator."""

from collections.abc import Collection
from dataclasses import dataclass

from hasten.domain.changes import DIRECT
from hasten.domain.outcomes import of_alert
from hasten.errors import PermanentError
from hasten.ports.clock import Now
from hasten.ports.directory import Directory
from hasten.ports.store import Store
from hasten.ports.telemetry import Emit, Event
from hasten.records import discovered as registry
from hasten.records.discovered import Found
from hasten.records.outbox import Outbox
from hasten.records.recent_removals import Removals
from hasten.targets import Target


@dataclass(frozen=True, slots=True)
class Judged:
    """Too many, and why."""

    reason: str
    next_action: str


@dataclass(frozen=True, slots=True)
class Braking:
    directory: Directory
    store: Store
    outbox: Outbox
    emit: Emit
    now: Now

    async def judge(
        self,
        target: Target,
        group: str,
        leavers: Collection[str],
        *,
        members_before: int | None = None,
        still_members: bool = False,
    ) -> Judged | None:
        """None when they may leave. `members_before` is how many the group had where the caller
        knows it better than the directory does now; `still_members` when they have not left yet.
        """
        if not leavers:
            return None
        count = await Removals(self.store).count(target.name, group, leavers, self.now())
        if not target.brake.may_be_exceeded(count):
            return None
        before = members_before
        if before is None:
            gone = count - len(leavers) if still_members else count
            before = await self._size(target, group) + gone
        if not target.brake.exceeded(removals=count, members_before=before):
            return None
        release = f"python -m hasten release {target.name} --group {group}"
        return Judged(
            f"{count} of {before} members {'would leave' if still_members else 'left'} "
            "within minutes",
            f"if it is meant: {release}; else: mend the group, then discard",
        )

    async def tell(self, target: Target, group: str, judged: Judged, *, key: str) -> None:
        """An alert, and a pause of Entra's own job where the target says so. `key` tells it from
        another one of the same group."""
        about = {
            "target": target.name,
            "group": group,
            "reason": judged.reason,
            "next_action": judged.next_action,
        }
        self.emit(Event("brake", "held", about, problem=True))
        alert = of_alert(
            "held",
            target=target.name,
            group=group,
            reason=judged.reason,
            next_action=judged.next_action,
            key=key,
            now=self.now(),
        )
        await self.outbox.tell([alert])
        if not target.pause_job:
            return
        found = await registry.load(self.store, target.name)
        if found is not None:
            await self._pause(target, found)

    async def _pause(self, target: Target, found: Found) -> None:
        """What may not be paused goes on; the leavers are held all the same."""
        try:
            await self.directory.pause_job(found.service_principal, found.job)
        except PermanentError as error:
            about = {
                "target": target.name,
                "reason": error.reason,
                "next_action": error.next_action,
            }
            self.emit(Event("job", "not_paused", about, problem=True))
        else:
            self.emit(Event("job", "paused", {"target": target.name}, problem=True))

    async def _size(self, target: Target, group: str) -> int:
        if group != DIRECT:
            return await self.directory.member_count(group)
        found = await registry.load(self.store, target.name)
        if found is None:
            return 0
        assignments = await self.directory.assignments(found.service_principal)
        return sum(1 for assignment in assignments if assignment.kind == "User")
