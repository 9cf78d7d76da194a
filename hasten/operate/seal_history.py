"""Seals the entries of the history: every minute those of the last days, every night those that
were written later."""

from collections.abc import Collection
from datetime import timedelta

from hasten.context import Context
from hasten.operate.speed import fold_speed
from hasten.records.history_days import recent_days
from hasten.telemetry.operate import HistorySealed

MAX_RUN_TIME = timedelta(seconds=40)
"""Maximum time of one run; the timer runs every minute."""


async def seal_recent(context: Context) -> None:
    """Seals the entries of the last days, and adds them to the measured speed. Raises
    TemporaryError and PermanentError of the store."""
    await _seal(context, recent_days(context.now()))
    await fold_speed(context)


async def seal_all(context: Context) -> None:
    """Seals entries of any day, and logs the last digest. The log is outside the store, so it shows
    a chain that somebody made anew. Raises the same errors."""
    await _seal(context, await context.history.days())
    head = await context.seals.head()
    if head.number:
        context.emit(HistorySealed(number=head.number, digest=head.digest))


async def _seal(context: Context, days: Collection[str]) -> None:
    until = context.now() + MAX_RUN_TIME
    while await context.seals.seal(days, context.now()) and context.now() < until:
        pass
