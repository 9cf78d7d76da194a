"""Finds the changes that a delta repeats. Graph may repeat changes of earlier answers (Graph, delta
query overview), and sends no notification about a repetition."""

from collections.abc import Collection, Sequence

from hasten.context import Context
from hasten.domain.changes import Change

Name = tuple[str, str, str]


def name(change: Change) -> Name:
    return change.target, change.group, change.user


async def repeated(context: Context, found: Sequence[Change]) -> Collection[Name]:
    """Returns target, group and user of the changes whose row in the ledger has the same action:
    between two real changes with the same action lies one with the opposite action. Call before the
    changes are written. Raises TemporaryError of the store."""
    names = set[Name]()
    for target in {change.target for change in found}:
        mine = [change for change in found if change.target == target]
        known = await context.ledger.known(mine)
        for change in mine:
            row = known.change(change)
            if row is not None and row.action is change.action:
                names.add(name(change))
    return names
