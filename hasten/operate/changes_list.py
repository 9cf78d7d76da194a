"""Lists changes, the newest first: those that are open, and then those of the history."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hasten.context import Context
from hasten.domain.changes import OPEN_STATES, Change, State
from hasten.domain.history import Entry, EntryKind, Filter
from hasten.records.open_rows import OpenRow, open_rows

MAX_OPEN_READ = 100
"""Maximum number of open changes that Hasten reads for each target. A page of changes is no place
for a backlog of thousands: the overview counts them."""

MAX_OPEN_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesFilter:
    """Selects changes. An empty field selects all."""

    target: str = ""
    states: frozenset[State] = frozenset()
    user: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """`at` is when the change was found, or when it ended."""

    at: datetime
    target: str
    user: str
    group: str
    action: str
    state: str
    reason: str = ""
    next_action: str = ""
    noticed: datetime | None = None
    called: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesPage:
    """`before` asks for the next page of ended changes; None at the end. `more_open` is set if more
    changes are open than these."""

    opened: Sequence[Listed] = field(default_factory=list)
    more_open: bool = False
    ended: Sequence[Listed] = field(default_factory=list)
    before: str | None = None


async def list_changes(
    context: Context, wanted: ChangesFilter, *, limit: int, before: str | None = None
) -> ChangesPage:
    """Returns the open changes with the first page only. Raises ValueError if `before` is none of a
    page, and TemporaryError."""
    opened, is_cut = ([], False) if before else await _open(context, wanted)
    ended: Sequence[Entry] = []
    next_page: str | None = None
    if not wanted.states or wanted.states - OPEN_STATES:
        page = await context.history.newest(limit, before=before, matches=_filter(wanted))
        ended, next_page = page.entries, page.before
    return ChangesPage(
        opened=opened,
        more_open=is_cut,
        ended=[_ended(entry) for entry in ended],
        before=next_page,
    )


async def _open(context: Context, wanted: ChangesFilter) -> tuple[list[Listed], bool]:
    if wanted.states and not wanted.states & OPEN_STATES:
        return [], False
    names: Collection[str] = [wanted.target] if wanted.target else context.targets.keys()
    limit = None if wanted.user or wanted.group else MAX_OPEN_READ + 1
    read = await asyncio.gather(*(open_rows(context.store, name, limit) for name in names))
    is_cut = limit is not None and any(len(rows) == limit for rows in read)
    rows = [row for of_target in read for row in of_target if _matches(row, wanted)]
    rows.sort(key=lambda row: row.found_at, reverse=True)
    is_cut = is_cut or len(rows) > MAX_OPEN_SHOWN
    return [_opened(row.row()) for row in rows[:MAX_OPEN_SHOWN]], is_cut


def _matches(row: OpenRow, wanted: ChangesFilter) -> bool:
    return (
        (not wanted.states or row.state in wanted.states)
        and (not wanted.user or row.user == wanted.user)
        and (not wanted.group or row.group == wanted.group)
    )


def _filter(wanted: ChangesFilter) -> Filter:
    return Filter(
        kinds=frozenset({EntryKind.OUTCOME}),
        target=wanted.target,
        user=wanted.user,
        group=wanted.group,
        results=frozenset(str(state) for state in wanted.states),
    )


def _opened(row: Change) -> Listed:
    return Listed(
        at=row.found_at,
        target=row.target,
        user=row.user,
        group=row.group,
        action=row.action,
        state=row.state,
        reason=row.reason,
        next_action=row.next_action,
        noticed=row.noticed_at,
        called=row.called_at,
    )


def _ended(entry: Entry) -> Listed:
    return Listed(
        at=entry.at,
        target=entry.target,
        user=entry.user,
        group=entry.group,
        action=entry.action,
        state=entry.result,
        reason=entry.reason,
        next_action=entry.next_action,
        noticed=entry.steps.noticed,
        called=entry.steps.called,
        ended=entry.steps.ended,
    )
