"""Saves what a sweep has found of a target."""

from collections.abc import Collection

from hasten.context import Context
from hasten.errors import Conflict
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget


async def save_found(
    context: Context, found: DiscoveredTarget, *, over: DiscoveredTarget | None
) -> None:
    """Saves the result of a sweep over that of the last one, `over`. The first result under a new
    name takes the place of that under the former one: if a crash left both, the older one could
    count once more. Raises Conflict and TemporaryError."""
    former: list[DiscoveredTarget] = []
    if over is None:
        there = await discovered.load_all(context.store)
        left = {one.target for one, _ in await discovered.load_left(context.store)}
        gone = left - context.targets.keys()
        former = [one for one in there if one.route == found.route and one.target in gone]
    instead_of = [one.target for one in former]
    await discovered.save(context.store, found, over=over, instead_of=instead_of)
    for one in former:  # a process that still has it may have taken it for one that is back
        await discovered.save_left(context.store, one, context.now())


async def save_compared(
    context: Context,
    found: DiscoveredTarget,
    differing: Collection[str],
    *,
    over: DiscoveredTarget | None,
) -> None:
    """Saves the result once the differences are recorded. If another sweep has saved its own since,
    it may have compared the `differing` groups before this one recorded them: they are compared
    once more. Raises Conflict then."""
    try:
        await save_found(context, found, over=over)
    except Conflict:
        there = await discovered.load(context.store, found.target)
        if there is not None:
            anew = there.unsettled_since(differing, context.now())
            await discovered.save(context.store, anew, over=there)
        raise
