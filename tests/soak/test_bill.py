"""The bill follows from the counters and from the prices of the page."""

import pytest

from tests.soak import bill, page
from tests.soak.made import outcome

DAYS = outcome().days


def cells(table: str, first: str) -> list[str]:
    [row] = [line for line in table.splitlines() if line.startswith(f"| {first} ")]
    return [cell.strip() for cell in row.split("|")[2:-1]]


def test_a_change_costs_what_is_beyond_a_quiet_day() -> None:
    table = bill.counted(DAYS)

    assert cells(table, "requests to the store") == ["25,000", "1,000", "30.0"]
    assert cells(table, "runs of timers") == ["10,080", "1,440", "0.0"]


@pytest.mark.parametrize(
    ("part", "dollars"),
    [
        ("always ready", 3 * 2 * 2_592_000 * 0.000004),
        ("timers and events, on demand", 43_200 * 1.0 * 2 * 0.000026),
        ("webhook, looks and drains", 600 * 5 * 30 / 7 * 2 * 0.000016),
        ("Service Bus", 10.0),
        ("tables", 25_000 * 30 / 7 * 0.036 / 1e6),
        ("log", 0.0),
    ],
)
def test_a_part_of_the_bill_is_its_count_times_its_price(part: str, dollars: float) -> None:
    _, shown = cells(bill.month(DAYS), part)

    assert float(shown) == pytest.approx(dollars, abs=0.006)


def test_the_sum_is_that_of_the_parts() -> None:
    lines = bill.month(DAYS).splitlines()[2:]
    amounts = [float(line.split("|")[3]) for line in lines[:-1]]

    assert lines[-1] == f"| **all** | | **about {sum(amounts):.0f}** |"


def test_the_page_shows_a_line_for_each_day_and_each_alert() -> None:
    made = outcome()

    assert page.days_table(made.days).count("\n") == 1 + len(made.days)
    assert "| `held-changes` | Wednesday 10:10 | by hand | many leave" in page.alerts_table(made)
