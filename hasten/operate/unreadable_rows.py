"""Reports the rows of the store that cannot be read, and goes on with what had to wait for them."""

from collections.abc import Iterable, Sequence

from hasten.context import Context
from hasten.error_collector import ErrorCollector
from hasten.messages import Wake
from hasten.operate.problems import Problem
from hasten.records import unreadable
from hasten.records.ledger_keys import LEDGER_COLLECTION
from hasten.records.unreadable import HOW_TO_MEND, UnreadableRow
from hasten.telemetry.operate import RowUnreadable


async def report_unreadable(context: Context) -> None:
    """Emits an event for each row that cannot be read, every time, and one for each that has
    changed or is gone. Then takes back what was found about the latter meanwhile.

    Raises the worst error after all rows were tried.
    """
    rows, errors = await unreadable.load_all(context.store), ErrorCollector()
    targets = {row.partition for row in rows if row.collection == LEDGER_COLLECTION}
    waiting: set[str] = set()
    for target in sorted(targets & context.targets.keys()):
        with errors.collect_any():
            if await take_back(context, target):
                waiting.add(target)
    for row in rows:
        with errors.collect_any():
            await _report(context, row, is_waited_for=row.partition in waiting)
    errors.raise_worst()


async def take_back(context: Context, target: str) -> int:
    """Writes what was found about unreadable rows of the target to its place, where it can be, and
    wakes the target for it. Returns how many changes have still to wait. Raises TemporaryError."""
    taken, left = await context.ledger.take_back(target)
    if taken:
        await context.send(Wake(target=target))
    return left


async def take_back_all(context: Context) -> None:
    """Takes back what was found about unreadable rows of every target, also of rows that are not
    noted. Raises TemporaryError."""
    for target in context.targets:
        await take_back(context, target)


def problems(rows: Iterable[UnreadableRow]) -> Sequence[Problem]:
    return [
        Problem(f"a row cannot be read ({row.reason}): {row.place}", HOW_TO_MEND) for row in rows
    ]


async def _report(context: Context, row: UnreadableRow, *, is_waited_for: bool) -> None:
    """Changes that still lie aside need the note: it has them taken back."""
    is_there = await unreadable.is_as_noted(context.store, row)
    if not is_there and is_waited_for:
        return
    context.emit(
        RowUnreadable(
            result="unreadable" if is_there else "replaced",
            collection=row.collection,
            partition=row.partition,
            key=row.key,
            reason=row.reason,
            next_action=HOW_TO_MEND if is_there else None,
        )
    )
    if not is_there:
        await unreadable.forget(context.store, row)
