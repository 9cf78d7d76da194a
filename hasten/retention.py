"""Deletes records that ended long ago: the ledger covers months and is no archive."""

from hasten.context import Context
from hasten.events.timeliness import LATEST_END, LATEST_START
from hasten.limits import RETENTION
from hasten.records import (
    brought_forward,
    cancelled,
    discovered,
    drops,
    first_times,
    kept_memberships,
    overviews,
)
from hasten.telemetry.operate import HistoryForgotten


async def forget_old(context: Context) -> None:
    """Deletes old records of every target. Nothing proves the calls of a target that has left
    targets.yaml any more; its open rows stay, because it may come back. What events have said stays
    until no older event can come any more that it makes stale. The work reads the whole history, so
    it runs once a day, at night."""
    now = context.now()
    before, started, ended = now - RETENTION, now - LATEST_START, now - LATEST_END
    await drops.forget(context.store, before)
    await cancelled.forget(context.store, before)
    await brought_forward.forget(context.store, before)
    await first_times.forget(context.store, now - first_times.FIRST_TIMES_KEPT_FOR)
    there = {found.target for found in await discovered.load_all(context.store)}
    for target in sorted(there | await overviews.targets(context.store)):
        has_left = target not in context.targets
        changes = await context.ledger.forget(target, before, also_unproven=has_left)
        intents = await context.intents.forget(target, started)
        people = await context.people.forget(target, started, deferred_before=ended)
        await kept_memberships.forget(context.store, target, before)
        context.emit(
            HistoryForgotten(target=target, changes=changes, intents=intents, people=people)
        )
