"""What Hasten says of the people of an app, under each name that its target has had."""

from collections.abc import Sequence

from hasten.domain.changes import Change
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION
from tests.chaos.targets import app_of
from tests.simulation.world import World
from tests.support.done_changes import done_changes


async def rows_of_app(world: World, app: str) -> Sequence[Change]:
    """Returns the newest row of each person and group. One that ended before a rename, for example
    because an operator discarded it, stays under the former name of the target."""
    ledger, rows = Ledger(world.store), list[Change]()
    for name in world.store.partitions(LEDGER_COLLECTION):
        if app_of(name) == app:
            rows += await ledger.open_changes(name)
            rows += await ledger.unproven_changes(name)
            rows += await done_changes(world.store, name)
    rows.sort(key=lambda row: (row.origin, row.found_at))
    return list({(row.group, row.user): row for row in rows}.values())
