"""Measures how cost grows with the tenant: `python -m benchmarks.scale` writes the table into
docs/costs-and-limits.md.

It runs on simulated time: a request to Graph takes 0.1 s, one to the store 0.01 s.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from tests.support.scaling import Cost, Scaled, Size
from tests.support.virtual_time import VirtualLoop

PAGE = Path(__file__).parents[1] / "docs" / "costs-and-limits.md"
BEGIN, END = "<!-- make scale -->\n", "<!-- end of make scale -->\n"

GROWTH: Sequence[tuple[str, Size, Size, float]] = (
    ("watched groups", Size(groups=4, targets=4), Size(groups=10_000, targets=4), 10_000 / 4),
    ("targets", Size(groups=2, targets=2), Size(groups=200, targets=200), 100),
    ("ended rows", Size(rows=100), Size(rows=1_000_000), 10_000),
    ("members of the group", Size(members=100), Size(members=100_000), 1000),
)
"""What grows, from and to which size, and how many times as large that is. With several targets a
change reads the limit that they share."""

STEPS: Sequence[tuple[str, Callable[[Scaled], Awaitable[Cost]]]] = (
    ("a sweep, every minute", lambda scaled: scaled.timer("sweep")),
    ("a wake, every minute", lambda scaled: scaled.timer("wake")),
    ("a reconcile, every five minutes", lambda scaled: scaled.timer("look")),
    ("a change, to its outcome", lambda scaled: scaled.change()),
    ("a proof, every five minutes", lambda scaled: scaled.timer("verify")),
    ("a comparison of people, every hour", lambda scaled: scaled.timer("people")),
    ("a night", lambda scaled: scaled.night()),
)


def measured(size: Size) -> Sequence[Cost]:
    async def run() -> Sequence[Cost]:
        scaled = await Scaled.of(size)
        return [await measure(scaled) for _, measure in STEPS]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


def slope(small: int, large: int, times: float) -> float:
    """Returns the exponent of the growth: 0 is independent of the size, 1 in proportion to it."""
    return math.log((large or 1) / (small or 1)) / math.log(times)


def rows() -> Iterator[str]:
    for what, small, large, times in GROWTH:
        sizes = f"{_number(small, what)} → {_number(large, what)}"
        for (step, _), before, after in zip(STEPS, measured(small), measured(large), strict=True):
            requests = slope(before.graph + before.store, after.graph + after.store, times)
            yield (
                f"| {what}: {sizes} | {step} | {before.graph:,} → {after.graph:,} "
                f"| {before.store:,} → {after.store:,} "
                f"| {before.seconds:.1f} → {after.seconds:.1f} s | {abs(requests):.2f} |"
            )


def _number(size: Size, what: str) -> str:
    counts = {
        "watched groups": size.groups,
        "targets": size.targets,
        "ended rows": size.rows,
        "members of the group": size.members,
    }
    return f"{counts[what]:,}"


def main() -> None:
    head = "| Grows | Step | Requests to Graph | Requests to the store | Takes | Slope |"
    table = "\n".join([head, "|---|---|---|---|---|---|", *rows()])
    print(table)
    page = PAGE.read_text()
    text = f"{BEGIN}{table}\n{END}"
    PAGE.write_text(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", text, page, flags=re.DOTALL))


if __name__ == "__main__":
    main()
