"""Looks at one group: what changed since the cursor goes to the ledger, then targets are woken.

The order is ledger, wake, cursor: a crash between any two of them repeats the look, finds the same
changes in the same slice of history, and writes nothing twice.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hasten.domain.changes import Action, Change
from hasten.messages import Look, Wake
from hasten.ports.bus import Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import DeltaExpired, Directory, Member
from hasten.ports.store import Conflict, Store
from hasten.ports.telemetry import Emit, Event
from hasten.records import cursors
from hasten.records import discovered as registry
from hasten.records.cursors import Cursor
from hasten.records.ledger import Ledger
from hasten.watch.admit import Recording
from hasten.watch.single_flight import Turns

REPLICATION_LADDER = tuple(timedelta(seconds=s) for s in (5, 15, 45))
"""When to look again for members that a notification named and the delta does not show yet."""

LOST_RACES = 5


@dataclass(frozen=True, slots=True)
class Looking:
    """The service: one instance serves all looks of a process."""

    directory: Directory
    store: Store
    ledger: Ledger
    recording: Recording
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId
    turns: Turns = field(default_factory=Turns)

    async def look(self, look: Look) -> None:
        """Raises TemporaryError and PermanentError of Graph, with nothing lost."""
        targets = await self._watchers(look.group)
        if not targets:
            self._tell(look, "not_watched")
            return
        members = await self.turns.take(look.group, lambda: self._read_on(look))
        await self._look_again_for_what_is_missing(look, targets[0], members or ())

    async def _watchers(self, group: str) -> Sequence[str]:
        everything = await registry.load_all(self.store)
        return [found.target for found in everything if found.watches(group)]

    async def _read_on(self, look: Look) -> Sequence[Member]:
        """Reads the delta, moves the cursor; when another look was faster, reads on from there.

        Who watches is read last: a target that is noted later reads the members later still.
        """
        seen: list[Member] = []
        for _ in range(LOST_RACES):
            cursor = await cursors.load(self.store, look.group)
            if cursor is None:
                await start_watching(self.directory, self.store, look.group, self.now())
                self._tell(look, "started", problem=True)
                return seen
            began = self.now()
            try:
                delta = await self.directory.membership_delta(cursor.link)
            except DeltaExpired:
                await self._restart(look, cursor)
                return seen
            members = delta.members.get(look.group, ())
            seen += members
            targets = await self._watchers(look.group)
            await self._record(look, cursor.origin, targets, members, began)
            try:
                await cursors.save(self.store, look.group, cursor.moved(delta.link, self.now()))
            except Conflict:
                continue
            return seen
        raise Conflict(look.group)

    async def _record(
        self,
        look: Look,
        origin: int,
        targets: Sequence[str],
        members: Sequence[Member],
        began: datetime,
    ) -> None:
        changes = [
            Change(
                target=target,
                group=look.group,
                user=member.id,
                action=Action.REMOVED if member.removed else Action.ADDED,
                origin=origin,
                noticed_at=look.noticed_at,
                found_at=began,
                seen_at=began,
                due_at=began,
                found_by=look.found_by,
            )
            for target in targets
            for member in members
            if member.kind in {"user", ""}
        ]
        recorded = await self.recording.record(changes)
        if changes:
            await asyncio.gather(*(self._wake(target) for target in targets))
        self._tell(look, "changed" if recorded else "unchanged", changes=len(recorded))

    async def _wake(self, target: str) -> None:
        wake = Wake(target=target)
        await self.bus.send(wake.queue, [wake.message(self.new_id())])

    async def _restart(self, look: Look, cursor: Cursor) -> None:
        """The link is too old to resume: what happened since is Entra's own cycle's to do."""
        link = await self.directory.membership_start(look.group)
        await cursors.save(self.store, look.group, cursor.moved(link, self.now()))
        self._tell(look, "restarted", problem=True)

    async def _look_again_for_what_is_missing(
        self, look: Look, target: str, members: Sequence[Member]
    ) -> None:
        seen = {member.id: member.removed for member in members}
        hinted = [(user, False) for user in look.added] + [(user, True) for user in look.removed]
        missing = [
            (user, removed)
            for user, removed in hinted
            if user not in seen and not await self._known(target, look.group, user, removed)
        ]
        if not missing or look.looks >= len(REPLICATION_LADDER):
            return
        again = replace(
            look,
            added=frozenset(user for user, removed in missing if not removed),
            removed=frozenset(user for user, removed in missing if removed),
            looks=look.looks + 1,
        )
        at = self.now() + REPLICATION_LADDER[look.looks]
        await self.bus.send(again.queue, [again.message(self.new_id(), at)])
        self._tell(look, "not_yet_visible", missing=len(missing))

    async def _known(self, target: str, group: str, user: str, removed: bool) -> bool:  # noqa: FBT001 - private
        """Whether an earlier look already found `user` on that side."""
        change = await self.ledger.find(target, group, user)
        return change is not None and change.is_removal is removed

    def _tell(self, look: Look, result: str, *, problem: bool = False, **fields: int) -> None:
        about = {"group": look.group, "found_by": look.found_by, **fields}
        self.emit(Event("look", result, about, problem=problem))


async def start_watching(directory: Directory, store: Store, group: str, now: datetime) -> None:
    """Gives `group` a cursor from now on; the past is the work of Entra's own cycle."""
    link = await directory.membership_start(group)
    try:
        await cursors.save(store, group, cursors.first(link, now))
    except Conflict:
        return  # another instance gave it one
