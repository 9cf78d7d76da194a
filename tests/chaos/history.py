"""The entries of the history, as they lie in the store."""

import json
from collections.abc import Iterator

from hasten.json import Json
from hasten.records.history_keys import AT_PREFIX
from tests.simulation.world import World


def entries(world: World) -> Iterator[Json]:
    """Each entry once. A field that is empty is left out."""
    for day in world.store.partitions("history"):
        if day.startswith("day|"):
            for key, text, _ in world.store.texts("history", day):
                if key.startswith(AT_PREFIX):
                    yield json.loads(text)
