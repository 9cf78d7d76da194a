"""The entries of the history, as they lie in the store."""

from collections.abc import Iterator

from hasten.json import Json
from hasten.records.history_keys import AT_PREFIX
from tests.simulation.world import World


def entries(world: World) -> Iterator[Json]:
    """Each entry once. A field that is empty is left out."""
    for day in world.store.partitions("history"):
        if day.startswith("day|"):
            yield from (one.body for one in world.store.documents("history", day, AT_PREFIX))
