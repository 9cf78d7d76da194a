"""docs/costs-and-limits.md: what always-ready instances cost, and the sum, computed again."""

import json
import re

import pytest

from tests.unit.docs import pages
from tests.unit.infra.templates import INFRA, ROOT

PAGE = (ROOT / "docs" / "costs-and-limits.md").read_text()
MONTH = 30 * 24 * 3600
"""Seconds."""

ALERTS = json.loads((INFRA / "app" / "alerts.json").read_text())
QUEUES = json.loads((INFRA / "entities.json").read_text())["queues"]
FUNCTIONS = {"HTTP": 1, "WORKERS": 2, "EVENTS": 2}
"""How many groups of instances each switch stands for: infra/app/function-app.bicep."""


def price(what: str) -> float:
    [row] = [row for row in pages.rows(pages.section(PAGE, "### Prices")) if what in row[0]]
    return float(row[1].split()[0])


def gigabytes() -> float:
    text = (INFRA / "app" / "function-app.bicep").read_text()
    return int(re.findall(r"instanceMemoryMB: (\d+)", text)[0]) / 1024


def ready() -> int:
    text = (INFRA / "main.parameters.json").read_text()
    given = dict(re.findall(r"\$\{HASTEN_ALWAYS_READY_(\w+)=(\d+)\}", text))
    return sum(int(count) * FUNCTIONS[switch] for switch, count in given.items())


def waiting(instances: int) -> float:
    return instances * gigabytes() * MONTH * price("always ready, waiting")


@pytest.mark.parametrize("row", pages.rows(pages.section(PAGE, "### Cold starts")))
def test_an_always_ready_instance_costs_what_the_page_says(row: list[str]) -> None:
    assert float(row[2]) == pytest.approx(waiting(int(row[1])), abs=0.005)


def test_the_default_of_the_page_is_the_default_of_the_templates() -> None:
    rows = pages.rows(pages.section(PAGE, "### Cold starts"))
    [default] = [int(row[1]) for row in rows if "the default" in row[0]]

    assert default == ready()


def test_the_sum_is_the_sum_of_its_parts() -> None:
    rows = pages.rows(pages.section(PAGE, "### The sum"))
    told = {row[0].strip("| *"): row[-1].strip("| *") for row in rows}
    parts = {name: float(cost) for name, cost in told.items() if name != "all"}

    assert parts["always ready"] == pytest.approx(waiting(ready()), abs=0.005)
    assert parts["timers"] == pytest.approx(152_670 * gigabytes() * price("Consumption"), abs=0.01)
    running = price("always ready, while running")
    assert parts["changes"] == pytest.approx(10_000 * 8 * gigabytes() * running, abs=0.01)
    of_log = len(ALERTS) * price("over the log")
    assert parts["alerts"] == pytest.approx(of_log + len(QUEUES) * price("over a metric"))
    assert told["all"] == f"about {sum(parts.values()):.0f}"


def test_the_first_page_gives_the_same_sum() -> None:
    [told] = re.findall(r"About (\d+) US dollars a month", (ROOT / "README.md").read_text())

    assert f"**About {told} US dollars a month" in PAGE
    assert f"**about {told}**" in PAGE
