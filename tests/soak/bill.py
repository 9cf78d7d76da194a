"""Computes what a month costs from the counters of the week and the prices of the page."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from hasten.ports.bus import ENSURE, ONBOARDING_EVENTS
from tests.soak.alerts import RULES
from tests.soak.day import Day
from tests.soak.meter import TIMER, Meter
from tests.support.costs_page import number, table

MONTH = 30
DAY_SECONDS = 24 * 3600
MEMORY_GB = 2
MEMORY = f"{MEMORY_GB} GB"
BY = " \N{MULTIPLICATION SIGN} "
ALWAYS_READY = 3
"""The default of infra: the webhook, `directory_changes` and `provisioning`."""

ON_DEMAND = (TIMER, ENSURE, ONBOARDING_EVENTS)
"""Functions without an always-ready instance."""

MIN_SECONDS = 1.0
"""The least time that Azure bills for a run on demand."""

LINE_BYTES = 1024
"""What a line of log takes with its run, spans and metrics."""

COUNTER_BYTES, COUNTERS_A_MINUTE = 620, 8
"""Performance counters of each instance."""

QUEUES = len(
    json.loads((Path(__file__).parents[2] / "infra" / "entities.json").read_text())["queues"]
)

COUNTED: Sequence[tuple[str, Callable[[Meter], float]]] = (
    ("runs of timers", lambda m: m.runs_of(TIMER)),
    ("runs of the webhook and of queue functions", lambda m: m.runs.total() - m.runs_of(TIMER)),
    ("requests to Graph", lambda m: m.graph.total()),
    ("of these on-demand calls", lambda m: sum(n for p, n in m.graph.items() if _is_call(p))),
    ("requests to the store", lambda m: m.store.total()),
    ("operations of Service Bus", lambda m: m.bus.total()),
    ("lines of log", lambda m: m.lines),
    ("KiB of log", lambda m: m.line_bytes / 1024),
)


def quiet_day(days: Sequence[Day]) -> Meter | None:
    return next((day.cost for day in days if not day.cost.changes), None)


def counted(days: Sequence[Day]) -> str:
    """The quiet day tells what the timers cost; what is beyond seven of it, the changes cost."""
    quiet = quiet_day(days)
    assert quiet is not None
    changes = sum(day.cost.changes for day in days)
    lines = [
        "| Counted | In the week | On a day without a change | For each change |",
        "|---|---|---|---|",
    ]
    for name, count in COUNTED:
        total, idle = sum(count(day.cost) for day in days), count(quiet)
        each = (total - idle * len(days)) / changes
        lines.append(f"| {name} | {total:,.0f} | {idle:,.0f} | {each:.1f} |")
    return "\n".join(lines)


def month(days: Sequence[Day]) -> str:
    parts = list(_parts(days))
    lines = ["| Part | Formula | US dollars |", "|---|---|---|"]
    lines += [f"| {part} | {formula} | {dollars:.2f} |" for part, formula, dollars in parts]
    total = sum(dollars for _, _, dollars in parts)
    return "\n".join([*lines, f"| **all** | | **about {total:.0f}** |"])


def _parts(days: Sequence[Day]) -> Iterator[tuple[str, str, float]]:
    """Yields each part of a month's bill, how it is computed, and its dollars."""
    rows, times = table("### Prices"), MONTH / len(days)
    prices = {name: number(row[0]) for name, row in rows.items()}

    def a_month(count: Callable[[Meter], float]) -> float:
        return times * sum(count(day.cost) for day in days)

    seconds, price = MONTH * DAY_SECONDS, prices["Functions, always ready, waiting"]
    formula = BY.join([f"{ALWAYS_READY} instances", MEMORY, f"{seconds:,} s", f"{price:f}"])
    yield "always ready", formula, ALWAYS_READY * MEMORY_GB * seconds * price
    for part, demanded, name in (
        ("timers and events, on demand", True, "Functions, Flex Consumption, while running"),
        ("webhook, looks and drains", False, "Functions, always ready, while running"),
    ):
        spent = a_month(partial(_seconds, demanded=demanded))
        runs = a_month(partial(_runs, demanded=demanded))
        formula = BY.join([f"{runs:,.0f} runs, {spent:,.0f} s", MEMORY, f"{prices[name]:f}"])
        yield part, formula, spent * MEMORY_GB * prices[name]
    operations, included = a_month(lambda m: m.bus.total()), prices["Service Bus operations"]
    assert operations < included * 1e6
    formula = f"base; {operations / 1e6:.2f} million operations are included"
    yield "Service Bus", formula, prices["Service Bus Standard, base"]
    requests, price = a_month(lambda m: m.store.total()), prices["Table storage"]
    formula = BY.join([f"{requests:,.0f} requests", f"{price} per million"])
    yield "tables", formula, requests * price / 1e6
    lines = a_month(lambda m: m.lines)
    counters = COUNTERS_A_MINUTE * COUNTER_BYTES * seconds / 60 * (ALWAYS_READY + 1)
    size = (lines * LINE_BYTES + counters) / 1e9
    free = number(rows["Log Analytics"][0].partition("after")[2])
    formula = f"{lines:,.0f} lines, and performance counters: {size:.1f} GB"
    yield "log", formula, max(size - free, 0.0) * prices["Log Analytics"]
    formula = f"{len(RULES)} rules over the log; 1 over a metric, with {QUEUES} series"
    rules = len(RULES) * prices["alert rules over the log, every five minutes"]
    yield "alerts", formula, rules + QUEUES * prices["alert rules over a metric"]


def _is_on_demand(function: str) -> bool:
    return function.startswith(ON_DEMAND)


def _runs(cost: Meter, *, demanded: bool) -> int:
    return sum(n for name, n in cost.runs.items() if _is_on_demand(name) is demanded)


def _seconds(cost: Meter, *, demanded: bool) -> float:
    """Each run counts a second at least."""
    return sum(
        max(cost.seconds[name], MIN_SECONDS * n)
        for name, n in cost.runs.items()
        if _is_on_demand(name) is demanded
    )


def _is_call(path: str) -> bool:
    return path.endswith("provisionOnDemand")
