"""Deletes records that ended long ago: the ledger covers months and is no archive."""

from hasten.context import Context
from hasten.limits import RETENTION
from hasten.records import cancelled, discovered, drops, first_times, kept_memberships
from hasten.telemetry.operate import HistoryForgotten


async def forget_old(context: Context) -> None:
    """Deletes old records of every target. It reads the whole history, so it runs once a day, at
    night."""
    before = context.now() - RETENTION
    await drops.forget(context.store, before)
    await cancelled.forget(context.store, before)
    await first_times.forget(context.store, context.now() - first_times.FIRST_TIMES_KEPT_FOR)
    for found in await discovered.load_all(context.store):
        changes = await context.ledger.forget(found.target, before)
        intents = await context.intents.forget(found.target, before)
        people = await context.people.forget(found.target, before)
        await kept_memberships.forget(context.store, found.target, before)
        context.emit(
            HistoryForgotten(target=found.target, changes=changes, intents=intents, people=people)
        )
