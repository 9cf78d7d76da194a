"""A watched group, looks at it, and a Graph that answers late."""

from hasten.domain.changes import Action, FoundBy
from hasten.messages import Look, Wake
from hasten.watch.buckets import BUCKET
from hasten.watch.look import start_watching
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, World

WAKE = Wake(target=TOTAL)


async def watched() -> World:
    world = World()
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    return world


def a_look(added: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> Look:
    """A look whose bucket is over."""
    return Look(
        group=ENGINEERING,
        noticed_at=now() - BUCKET,
        found_by=FoundBy.NOTIFICATION,
        added=frozenset(added),
        removed=frozenset(removed),
    )


async def open_rows(world: World) -> list[tuple[str, Action]]:
    return [(c.user, c.action) for c in await world.ledger.open_changes(TOTAL)]
