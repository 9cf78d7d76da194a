"""Writes to the history whom the brake, or observe mode, holds."""

from collections.abc import Iterable, Sequence

from hasten.context import Context
from hasten.domain.changes import Action, Change, HeldBy, State
from hasten.domain.history import Entry, EntryKind, Steps, entry_id, short
from hasten.domain.intents import Intent, Wanted


async def note_held(
    context: Context, target: str, rows: Sequence[Change], intents: Sequence[Intent]
) -> None:
    """Writes one entry for each of the open rows of the target that is held, and for each of its
    open intents that is held before Hasten writes it to Entra ID. The time is that of the row or
    the intent, so a repetition by another process writes the same entry. Raises TemporaryError and
    PermanentError of the store."""
    held = {entry.id: entry for entry in (*_of_rows(rows), *_of_intents(intents))}
    known = context.held_noted.get(target, frozenset())
    await context.history.append([entry for name, entry in held.items() if name not in known])
    context.held_noted[target] = frozenset(held)


def _of_rows(rows: Sequence[Change]) -> Iterable[Entry]:
    for row in rows:
        if row.state is State.HELD and not row.is_unreadable:
            yield Entry(
                id=_id(row.target, row.group, row.user, row.action, row.found_at.isoformat()),
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


def _of_intents(intents: Sequence[Intent]) -> Iterable[Entry]:
    for intent in intents:
        if intent.held and not intent.is_unreadable:
            at, cause = intent.recorded_at, intent.cause
            yield Entry(
                id=_id(intent.target, intent.key, cause.source, cause.id, at.isoformat()),
                at=at,
                kind=EntryKind.HELD,
                target=intent.target,
                user=intent.user,
                group=intent.group,
                action=Action.REMOVED if intent.wanted is Wanted.ABSENT else Action.ADDED,
                result=HeldBy.BRAKE,
                reason=short(intent.held),
                next_action=f"release it, or discard it: python -m hasten release {intent.target}",
                causes=(cause,),
            )


def _id(*parts: str) -> str:
    return entry_id(*parts, "held")
