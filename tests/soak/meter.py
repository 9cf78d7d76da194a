"""Counts what is paid for: runs of functions, requests to Graph and the store, operations of
Service Bus, and lines of log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from hasten.ports.bus import PROVISIONING_OUTCOMES
from tests.simulation.table import QUEUES
from tests.simulation.world import World

STORE_CALLS = ("get ", "scan ", "commit ")
TIMER = "timer "
WEBHOOK = "webhook "


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Counts since the beginning; the difference of two is what a time cost. `runs` and `seconds`
    are by function, `graph` and `store` by request, `bus` by operation."""

    changes: int = 0
    rows: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    graph: Counter[str] = field(default_factory=Counter)
    store: Counter[str] = field(default_factory=Counter)
    bus: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    line_bytes: int = 0

    @classmethod
    def of(cls, world: World, *, changes: int, rows: int, lines: int, line_bytes: int) -> Self:
        around = world.around
        return cls(
            changes=changes,
            rows=rows,
            runs=Counter(around.runs),
            seconds=Counter(around.seconds),
            graph=Counter(world.tenant.journal.by_path),
            store=_chosen(around.traffic, STORE_CALLS),
            bus=_bus(around.traffic, around.runs),
            lines=lines,
            line_bytes=line_bytes,
        )

    def minus(self, before: Self) -> Self:
        return type(self)(
            changes=self.changes - before.changes,
            rows=self.rows - before.rows,
            runs=self.runs - before.runs,
            seconds=self.seconds - before.seconds,
            graph=self.graph - before.graph,
            store=self.store - before.store,
            bus=self.bus - before.bus,
            lines=self.lines - before.lines,
            line_bytes=self.line_bytes - before.line_bytes,
        )

    def seconds_of(self, prefix: str) -> float:
        return sum(spent for name, spent in self.seconds.items() if name.startswith(prefix))

    def runs_of(self, prefix: str) -> int:
        return sum(count for name, count in self.runs.items() if name.startswith(prefix))


def _chosen(counts: Counter[str], prefixes: Iterable[str]) -> Counter[str]:
    return Counter({n: count for n, count in counts.items() if n.startswith(tuple(prefixes))})


def _bus(traffic: Counter[str], runs: Counter[str]) -> Counter[str]:
    """A message costs an operation each when it is sent, delivered and settled. An outcome is
    delivered to a subscriber too, who pays as much. Peeks of the timers count once."""
    sent = _chosen(traffic, ["message "])
    delivered = sum(runs[queue] for queue in QUEUES)
    outcomes = sent[f"message {PROVISIONING_OUTCOMES}"]
    peeks = _chosen(traffic, ["peek ", "receive "])
    return Counter(
        sent=sent.total(),
        delivered=delivered + outcomes,
        settled=delivered + outcomes,
        peeked=peeks.total(),
    )
