"""What an operator decides of held changes: to call them after all, or to leave them be."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hasten.domain.changes import Change, HeldBy, State, left_to_cycle, released
from hasten.errors import PermanentError
from hasten.messages import Wake
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.store import Store
from hasten.records.ledger import Ledger
from hasten.records.outbox import Outbox
from hasten.records.recent_removals import Removals
from hasten.targets import Target

DISCARDED = "discarded by an operator"
STILL_DONE = (
    "Entra's own cycle still does it, unless the membership is mended or the provisioning job "
    "is paused"
)


@dataclass(frozen=True, slots=True)
class Releasing:
    store: Store
    ledger: Ledger
    outbox: Outbox
    bus: Bus
    targets: Mapping[str, Target]
    now: Now
    new_id: NewId

    async def held(
        self, target: str, *, groups: Collection[str], users: Collection[str]
    ) -> list[Change]:
        """The held rows of a target, of these groups and users only where any are given."""
        return [
            row
            for row in await self.ledger.open_changes(target)
            if row.state is State.HELD
            and (not groups or row.group in groups)
            and (not users or row.user in users)
        ]

    async def release(self, target: str, rows: Sequence[Change]) -> list[Change]:
        """Those that were still held, now waiting for their call.

        Raises PermanentError where the target only observes: they would be called all the same.
        """
        refuse_observed(self.targets[target])
        moved = await self.ledger.move(rows, lambda row: released(row, now=self.now()))
        await self._count_anew(target, moved)
        if moved:
            wake = Wake(target=target)
            await self.bus.send(wake.queue, [wake.message(self.new_id())])
        return moved

    async def discard(self, target: str, rows: Sequence[Change]) -> list[Change]:
        """Those that were still held, ended. Nobody expects them at a time, so that no timer takes
        them back."""
        moved = await self.ledger.move(
            rows,
            lambda row: left_to_cycle(
                row, now=self.now(), reason=DISCARDED, next_action=STILL_DONE, expected_at=None
            ),
        )
        await self.outbox.flush(target)
        return moved

    async def _count_anew(self, target: str, moved: Sequence[Change]) -> None:
        """Of groups of which nothing is held any more: a straggler is not held for their sake."""
        held = await self.held(target, groups=(), users=())
        still = {row.group for row in held if row.held_by is HeldBy.BRAKE}
        for group in {row.group for row in moved} - still:
            await Removals(self.store).forget(target, group)


def refuse_observed(target: Target) -> None:
    """Raises PermanentError: what is released would be held again, or done all the same."""
    if target.observes:
        raise PermanentError(
            f"target {target.name} is in observe mode, where nothing may be called",
            "set `mode: act` in targets.yaml and deploy it, then release",
        )
