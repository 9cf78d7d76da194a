"""Hands the open changes of targets that left targets.yaml over to the targets that serve the same
jobs now. A target is renamed that way, and so the second of two targets for one app takes over."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from hasten.context import Context
from hasten.domain.changes import Change, HeldBy
from hasten.error_collector import ErrorCollector
from hasten.messages import Wake
from hasten.records import discovered
from hasten.twins import serving


async def hand_over(context: Context, left: Collection[str]) -> None:
    """Forgets the targets in `left`, after their open and unproven changes have moved to the
    targets that serve their jobs. The changes of a target whose job nobody serves stay, because
    it may come back.

    The order is ledger, wake, old rows, record of the target. A crash between any two of them
    repeats the rest. Raises the worst error after all targets were tried.
    """
    if not left:
        return
    errors = ErrorCollector()
    known = {one.target: one for one in await discovered.load_all(context.store)}
    serves = serving(context, known.values())
    for target in sorted(left):
        with errors.collect_any():
            found = known.get(target)
            heir = serves.get(found.route) if found is not None else None
            if heir is not None:
                await _move(context, target, heir)
            await discovered.forget(context.store, target)
    errors.raise_worst()


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
