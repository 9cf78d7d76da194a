"""A target that a sweep has discovered, and its open rows."""

from hasten.domain.changes import Action
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.fakes.memory_store import MemoryStore
from tests.support.world import ENGINEERING, TOTAL, World, user


async def swept(store: MemoryStore | None = None, **policy: object) -> World:
    target = Target.model_validate({"name": TOTAL, "display_name": TOTAL, **policy})
    world = World(target=target, store=store or MemoryStore())
    world.directory.join(ENGINEERING, *(user(n) for n in range(5)))
    world.directory.grant(user(50), kind="User")
    await sweep(world.context)
    return world


async def open_rows(world: World) -> set[tuple[str, str, Action]]:
    """Returns group, user and action of each open row."""
    rows = await world.ledger.open_changes(TOTAL)
    return {(row.group, row.user, row.action) for row in rows}
