"""Finds the changes that a delta repeats. Graph may repeat changes of earlier answers (Graph, delta
query overview), and sends no notification about a repetition."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from hasten.context import Context
from hasten.domain.changes import Change
from hasten.domain.rejoining import is_decided
from hasten.records.ledger import Known


async def repeated(context: Context, found: Sequence[Change]) -> Collection[tuple[str, str, str]]:
    """Returns target, group and user of the changes whose row in the ledger has the same action:
    between two real changes with the same action lies one with the opposite action. Call before the
    changes are written. Raises TemporaryError of the store."""
    known = await _known(context, found)
    rows = {change.name: known[change.target].change(change) for change in found}
    return {
        change.name
        for change in found
        if (row := rows[change.name]) is not None and row.action is change.action
    }


async def undecided(context: Context, found: Sequence[Change]) -> list[Change]:
    """Returns the changes without those about users of whom a read of the membership has decided
    that they joined again. Raises TemporaryError of the store."""
    known = await _known(context, found)
    rows = [(change, known[change.target].change(change)) for change in found]
    return [change for change, row in rows if row is None or not is_decided(row, change)]


async def _known(context: Context, found: Sequence[Change]) -> Mapping[str, Known]:
    by_target: dict[str, list[Change]] = defaultdict(list)
    for change in found:
        by_target[change.target].append(change)
    return {target: await context.ledger.known(some) for target, some in by_target.items()}
