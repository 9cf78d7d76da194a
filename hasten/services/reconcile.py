"""Reconciles by timer: finds the changes that no notification told of, many groups to a request.

Each batch of groups has a delta link of its own beside the cursors of its groups. It only says
where to look: the cursor of the group decides what is news.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from hasten.errors import PermanentError, TemporaryError
from hasten.ports.bus import DIRECTORY_CHANGES, Bus
from hasten.ports.clock import NewId, Now
from hasten.ports.directory import DeltaExpired, Directory
from hasten.ports.store import Conflict, Store
from hasten.ports.telemetry import Emit, Event
from hasten.services import batches
from hasten.services.batches import Batch
from hasten.services.messages import looks_at


@dataclass(frozen=True, slots=True)
class Reconciling:
    directory: Directory
    store: Store
    bus: Bus
    emit: Emit
    now: Now
    new_id: NewId

    async def reconcile(self, watched: Collection[str]) -> None:
        """One request for each batch when nothing changed. A batch that cannot be read does not
        keep the others waiting; its error is raised at the end."""
        found = await batches.load_all(self.store)
        if {group for batch in found for group in batch.groups} == set(watched):
            await self._read_on(found)
        else:
            await self._regroup(found, watched)

    async def _read_on(self, found: Sequence[Batch]) -> None:
        failed: list[TemporaryError | PermanentError] = []
        for batch in found:
            try:
                await self._read(batch)
            except (TemporaryError, PermanentError) as error:
                failed.append(error)
        if failed:
            raise failed[0]

    async def _read(self, batch: Batch) -> None:
        """Messages before the link: a crash between them repeats the looks."""
        try:
            delta = await self.directory.membership_delta(batch.link)
        except DeltaExpired:
            link = await self.directory.membership_start(*batch.groups)
            await self._look_at(batch.groups)
            result, changed = "restarted", len(batch.groups)
        else:
            link = delta.link
            news = [group for group in batch.groups if delta.members.get(group)]
            await self._look_at(news)
            result, changed = "read", len(news)
        try:
            await batches.save(self.store, batch.moved(link))
        except Conflict:
            return  # another instance read on from here, and sent what it saw
        self._tell(result, groups=len(batch.groups), changed=changed)

    async def _regroup(self, found: Sequence[Batch], watched: Collection[str]) -> None:
        """New links begin before the old ones are read a last time, so that no change falls between
        them. A group that was in no batch is looked at for what came before its link."""
        fresh = [
            Batch(key=batches.key(number), groups=groups, link=await self._start(groups))
            for number, groups in enumerate(batches.split(watched))
        ]
        known = {group for batch in found for group in batch.groups}
        news = set(watched) - known
        for batch in found:
            news |= await self._last_news(batch)
        await self._look_at(sorted(news.intersection(watched)))
        try:
            await batches.replace_all(self.store, found, fresh)
        except Conflict:
            return  # another instance regrouped; the next timer compares again
        self._tell("regrouped", groups=len(watched), changed=len(news))

    async def _start(self, groups: Sequence[str]) -> str:
        return await self.directory.membership_start(*groups)

    async def _last_news(self, batch: Batch) -> set[str]:
        try:
            delta = await self.directory.membership_delta(batch.link)
        except DeltaExpired:
            return set(batch.groups)
        return {group for group, members in delta.members.items() if members}

    async def _look_at(self, groups: Iterable[str]) -> None:
        looks = looks_at(groups, found_by="reconcile", now=self.now(), new_id=self.new_id)
        if looks:
            await self.bus.send(DIRECTORY_CHANGES, looks)

    def _tell(self, result: str, **counts: int) -> None:
        self.emit(Event("reconcile", result, counts))
