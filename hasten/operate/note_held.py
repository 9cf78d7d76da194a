"""Writes to the history whom the brake, or observe mode, holds."""

from collections.abc import Sequence

from hasten.context import Context
from hasten.domain.changes import Change, State
from hasten.domain.history import Entry, EntryKind, Steps, entry_id, short


async def note_held(context: Context, target: str, rows: Sequence[Change]) -> None:
    """Writes one entry for each of the open rows of the target that is held. Its time is that of
    the row, so a repetition by another process writes the same entry. Raises TemporaryError and
    PermanentError of the store."""
    held = {_name(row): row for row in rows if row.state is State.HELD}
    known = context.held_noted.get(target, frozenset())
    await context.history.append([_entry(row) for name, row in held.items() if name not in known])
    context.held_noted[target] = frozenset(held)


def _name(row: Change) -> str:
    return entry_id(row.target, row.group, row.user, row.action, row.found_at.isoformat(), "held")


def _entry(row: Change) -> Entry:
    return Entry(
        id=_name(row),
        at=row.found_at,
        kind=EntryKind.HELD,
        target=row.target,
        user=row.user,
        group=row.group,
        action=row.action,
        result=str(row.held_by),
        reason=short(row.reason),
        next_action=short(row.next_action),
        causes=row.causes,
        found_by=row.found_by,
        steps=Steps(noticed=row.noticed_at, found=row.found_at),
    )
