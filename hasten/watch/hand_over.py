"""Hands the open changes of targets that left targets.yaml over to the targets that serve the same
jobs now. A target is renamed that way, and so the second of two targets for one app takes over."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hasten.context import Context
from hasten.domain.changes import Change, HeldBy
from hasten.error_collector import ErrorCollector
from hasten.messages import Wake
from hasten.records import direct_assignments, discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.records.recent_removals import RecentRemovals
from hasten.twins import serving
from hasten.watch.another_app import let_go_on

LEFT_LATELY = timedelta(hours=1)
"""Time for which the next target of the job uses what a target saw before it left: the first sweeps
under the new name may fail. For as long, a process of the deployment before may still write rows
under the old name. After it Entra's cycle has served what happened since."""


async def taken_over(context: Context, found: DiscoveredTarget) -> DiscoveredTarget | None:
    """Returns what the last sweep saw of the target that served the job of `found` and has just
    left targets.yaml, under the name of `found`; None if there is none. So the first sweep after a
    rename finds what happened since. `found` gets the direct assignments, the people and the
    recent leavers that Hasten knew, in place of what an earlier use of the name left. Raises
    TemporaryError."""
    there = await discovered.load_all(context.store)
    left = sorted(await discovered.load_left(context.store), key=lambda one: one[1], reverse=True)
    there += [one for one, at in left if context.now() - at < LEFT_LATELY]
    for one in there:
        if one.target not in context.targets and one.route == found.route:
            await direct_assignments.copy(context.store, one.target, found.target)
            await context.roster.copy(one.target, found.target)
            await RecentRemovals(context.store).copy(one.target, found.target)
            return replace(one, target=found.target)
    return None


async def hand_over(context: Context, left: Collection[str]) -> None:
    """Forgets the targets in `left`. Their open and unproven changes move to the target that serves
    their job, as soon as a sweep has found one, also those that come late. Until then they stay,
    and the target may come back.

    The order is ledger, wake, old rows, record of the target. A crash between any two of them
    repeats the rest. Raises the worst error after all targets were tried.
    """
    errors = ErrorCollector()
    known = {one.target: one for one in await discovered.load_all(context.store)} if left else {}
    for target in sorted(left):
        with errors.collect_any():
            await let_go_on(context, target)
            if target in known:
                await discovered.save_left(context.store, known[target], context.now())
            await discovered.forget(context.store, target)
    if waiting := await discovered.load_left(context.store):
        serves = serving(context, await discovered.load_all(context.store))
        for found, at in waiting:
            with errors.collect_any():
                await _hand_over(context, found.target, serves.get(found.route), at)
    errors.raise_worst()


async def _hand_over(context: Context, target: str, heir: str | None, left_at: datetime) -> None:
    is_back = target in context.targets
    if heir is not None and not is_back:
        await _move(context, target, heir)
    is_over = heir is not None and context.now() - left_at >= LEFT_LATELY
    if is_over or is_back:
        await discovered.forget_left(context.store, target)


async def _move(context: Context, target: str, heir: str) -> None:
    rows = [
        *await context.ledger.open_changes(target),
        *await context.ledger.unproven_changes(target),
    ]
    moving = _moving(rows)
    if not moving:
        return
    await context.ledger.record([replace(row, target=heir) for row in moving])
    await context.send(Wake(target=heir))
    await context.ledger.remove(moving)


def _moving(rows: Sequence[Change]) -> Sequence[Change]:
    """Returns the rows that must not be lost. Nobody knows what an unreadable row says. What a
    target held only because it was in observe mode, the target that made the calls has found
    itself."""
    stays = {HeldBy.UNREADABLE, HeldBy.OBSERVE}
    return [row for row in rows if row.held_by not in stays]
