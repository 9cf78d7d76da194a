"""What a simulation came to: read by assertions, printed when one fails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hasten.domain.changes import Change
from tests.simulation.oracle import Difference


@dataclass(frozen=True, kw_only=True)
class Report:
    """`differences` are users who have not in the app what they should have. `open_rows` are
    changes of the ledger that are not in a final state. `failures` are exceptions that left a
    function. `seconds` are virtual."""

    seed: int
    seconds: float
    differences: Sequence[Difference]
    open_rows: Sequence[Change]
    states: Mapping[str, int]
    calls: int
    users_called: Mapping[str, int]
    limit_violations: int
    throttled: int
    requests: Mapping[str, int]
    events: Mapping[str, int]
    faults: Mapping[str, int]
    failures: Sequence[str]
    dead_letters: Mapping[str, int]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}: {self.seconds:.1f} virtual seconds",
                f"{self.calls} calls, {self.limit_violations} limit violations",
                f"{self.throttled} throttled",
                *_block("differences", [str(found) for found in self.differences]),
                *_block("open rows", [str(row) for row in self.open_rows]),
                *_block("failures", [f"{n} times {f}" for f, n in Counter(self.failures).items()]),
                *_counts("states", self.states),
                *_counts("dead letters", self.dead_letters),
                *_counts("events", self.events),
                *_counts("faults", self.faults),
                *_counts("requests", self.requests),
            ]
        )


def _block(title: str, lines: Sequence[str], most: int = 30) -> list[str]:
    if not lines:
        return []
    more = [f"  … {len(lines) - most} more"] if len(lines) > most else []
    return [f"{title}:", *(f"  {line}" for line in lines[:most]), *more]


def _counts(title: str, counts: Mapping[str, int]) -> list[str]:
    return _block(title, [f"{count} {name}" for name, count in sorted(counts.items()) if count])
