"""Renews the delta links of the watched groups every night, beside the queue of the looks.

A delta link expires after 7 days (Graph docs), even that of a group in which nothing happens; its
next leaver would be lost with it. Each group has a link of its own: if groups shared one, the look
at a leaver of one group would first read what changed in all the others.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hasten.chunks import chunks
from hasten.context import Context
from hasten.domain.changes import FoundBy
from hasten.error_collector import ErrorCollector
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Look
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.ports.directory_errors import DeltaExpired
from hasten.records import cursors
from hasten.records.cursors import Cursor
from hasten.side_by_side import side_by_side
from hasten.telemetry.watch import ReconcileRead

LINKS_PER_COMMIT = 100

READS_AT_ONCE = 16
"""Requests to Graph at once. As many failures among the groups of one commit mean that Graph cannot
answer now."""

LONGEST = timedelta(minutes=3)
"""Maximum time for which reads begin. The function ends after ten minutes (host.json), and the
nightly timer has other work."""

NO_WAIT = timedelta(0)


async def keep_links(context: Context, watched: Collection[str]) -> None:
    """Saves the new links of the groups in which nothing changed. Queues a look at each of the
    others: the look records what changed, or meets the error again and handles it.

    Raises the first unexpected exception after all groups were tried.
    """
    known = await cursors.load_all(context.store)
    groups, looks = sorted(watched), 0
    until, wait, errors = context.now() + LONGEST, NO_WAIT, ErrorCollector()
    for some in chunks(groups, LINKS_PER_COMMIT):
        pause = min(wait, until - context.now())
        await asyncio.sleep(max(0.0, pause.total_seconds()))
        reads = _Reads(context, known, until, errors)
        moved = await reads.of(some)
        await cursors.save_unless_newer(context.store, moved)
        left = [group for group in some if group not in moved]
        await _look_at(context, left, reads.waits)
        wait, looks = reads.longest_wait, looks + len(left)
    context.emit(ReconcileRead(result="renewed", groups=len(groups), changed=looks))
    errors.raise_worst()


@dataclass
class _Reads:
    """Reads of the groups of one commit. They end at `until`, or when Graph cannot answer."""

    context: Context
    known: Mapping[str, Cursor]
    until: datetime
    errors: ErrorCollector
    waits: dict[str, timedelta] = field(default_factory=dict)
    """How long to wait before the look at each group that could not be read."""

    @property
    def longest_wait(self) -> timedelta:
        return max(self.waits.values(), default=NO_WAIT)

    async def of(self, groups: Collection[str]) -> Mapping[str, Cursor]:
        """Returns the moved cursors of the groups in which nothing changed."""
        moved: dict[str, Cursor] = {}

        async def read(group: str) -> None:
            with self.errors.collect_unexpected():
                cursor = self.known[group]
                link = await self._link_if_unchanged(group, cursor)
                if link is not None:
                    moved[group] = cursor.moved(link, self.context.now())

        await side_by_side(read, [g for g in groups if g in self.known], READS_AT_ONCE)
        return moved

    async def _link_if_unchanged(self, group: str, cursor: Cursor) -> str | None:
        if self.context.now() >= self.until or len(self.waits) >= READS_AT_ONCE:
            self.waits[group] = self.longest_wait
            return None
        try:
            delta = await self.context.directory.membership_delta(cursor.link)
        except TemporaryError as error:
            self.waits[group] = error.delay
            return None
        except (DeltaExpired, PermanentError):
            return None
        has_news = any(delta.members.values()) or any(delta.unread.values())
        return None if has_news else delta.link


async def _look_at(context: Context, groups: Sequence[str], waits: Mapping[str, timedelta]) -> None:
    now = context.now()
    looks = [
        Look(group=group, noticed_at=now, found_by=FoundBy.RECONCILE).message(
            context.new_id(), now + waits[group] if group in waits else None
        )
        for group in groups
    ]
    if looks:
        await context.bus.send(DIRECTORY_CHANGES, looks)
