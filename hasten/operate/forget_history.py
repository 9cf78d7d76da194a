"""Deletes the days of the history that are older than `history_days`, and says so in it."""

from datetime import timedelta

from hasten.context import Context
from hasten.domain.history import FORGOTTEN_BEFORE, Entry, EntryKind, entry_id
from hasten.records import history_retention, speed
from hasten.records.history_keys import day_of


async def forget_history(context: Context) -> None:
    """Writes the entry that says what is deleted before it deletes anything, so that a check of the
    history finds the reason for each missing day. Raises TemporaryError and PermanentError of the
    store."""
    before = context.now() - timedelta(days=context.history_days)
    days = await history_retention.old_days(context.store, before)
    if days:
        await context.history.append_once([_entry(context, day_of(before), days[0], days[-1])])
        for day in days:
            await history_retention.forget(context.store, day, before)
    await history_retention.forget_pages(context.store, before)
    for target in context.targets:
        await speed.forget(context.store, target, before)


def _entry(context: Context, before: str, first: str, last: str) -> Entry:
    return Entry(
        id=entry_id("forgotten", before, first, last),
        at=context.now(),
        kind=EntryKind.FORGOTTEN,
        result="deleted",
        reason=f"older than {context.history_days} days",
        details={FORGOTTEN_BEFORE: before, "first": first, "last": last},
    )
