"""What is looked at when a day has ended."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hasten.records.history_keys import HISTORY_COLLECTION
from tests.fakes.memory_store import MemoryStore
from tests.soak.memory import Held
from tests.soak.meter import Meter


@dataclass(frozen=True)
class Kept:
    """Documents of the store, and the bytes of their texts."""

    documents: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Day:
    """`cost` is that of this day. `held` is how much the larger of the two instances holds before
    the day's end, `held_warm` an hour after its deployment. `process` are resident bytes, with the
    world. `sizes` says how many people account for what a collection of the store keeps.
    `found_by_timers` says when changes were found that a notification should have brought;
    `refused` counts notifications by the reason. `wrong` has a line for each thing that is not as
    it must be."""

    ended: datetime
    cost: Meter
    held: Held
    held_warm: Held | None
    process: int
    store: Mapping[str, Kept]
    sizes: Mapping[str, int]
    found_by: Counter[str]
    found_by_timers: list[datetime]
    refused: Counter[str]
    states: Counter[str]
    speed: tuple[float, float]
    wrong: list[str]

    @property
    def kept(self) -> Kept:
        return Kept(
            sum(kept.documents for kept in self.store.values()),
            sum(kept.size for kept in self.store.values()),
        )


def kept(store: MemoryStore) -> Mapping[str, Kept]:
    """By collection, and the history by what its partitions are about."""
    documents, sizes = Counter[str](), Counter[str]()
    for collection, partition, text in store.contents():
        is_history = collection == HISTORY_COLLECTION
        name = f"{collection} {partition.partition('|')[0]}" if is_history else collection
        documents[name] += 1
        sizes[name] += len(text)
    return {name: Kept(documents[name], sizes[name]) for name in sorted(documents)}
