"""Near Graph's limit reads are spaced out; the on-demand call never waits for them."""

from datetime import timedelta

import httpx
import pytest

from hasten.adapters.graph.pressure import MAX_READ_PAUSE_SECONDS, REPORT_VALID_SECONDS, Pressure
from tests.support.graph_wire import ALICE, APP, Wire
from tests.support.virtual_time import now, virtual


def after(percentage: str | None, *, seconds: float = 0.0) -> float:
    pressure = Pressure()
    pressure.hear(percentage, 100.0)
    return pressure.pause(100.0 + seconds)


@pytest.mark.parametrize("percentage", [None, "", "much", "nan", "0.79"])
def test_no_percentage_or_a_low_one_holds_nothing_back(percentage: str | None) -> None:
    assert after(percentage) == 0.0


def test_the_pause_grows_with_the_percentage_up_to_its_longest() -> None:
    pauses = [after(percentage) for percentage in ("0.8", "1.0", "1.5", "1.8")]

    assert pauses == sorted(set(pauses))
    assert pauses[0] > 0
    assert pauses[-1] == after("3.0") == MAX_READ_PAUSE_SECONDS


def test_a_pressure_reading_expires() -> None:
    assert after("1.8", seconds=REPORT_VALID_SECONDS - 0.1) == MAX_READ_PAUSE_SECONDS
    assert after("1.8", seconds=REPORT_VALID_SECONDS) == 0.0


def test_the_latest_word_counts_and_an_answer_without_one_says_nothing() -> None:
    pressure = Pressure()
    pressure.hear("1.8", 100.0)

    pressure.hear(None, 101.0)
    unchanged = pressure.pause(101.0)
    pressure.hear("0.5", 102.0)

    assert unchanged == MAX_READ_PAUSE_SECONDS
    assert pressure.pause(102.0) == 0.0


def near_the_limit() -> httpx.Response:
    headers = {"x-ms-throttle-limit-percentage": "1.8"}
    return httpx.Response(200, json={"id": ALICE, "accountEnabled": True}, headers=headers)


@virtual
async def test_reads_after_a_warning_are_spaced_out() -> None:
    directory = Wire(near_the_limit()).directory()
    started = now()

    await directory.user(ALICE)
    first = now() - started
    await directory.user(ALICE)
    await directory.user(ALICE)

    assert first == timedelta(0)
    assert now() - started == timedelta(seconds=2 * MAX_READ_PAUSE_SECONDS)


@virtual
async def test_an_on_demand_call_does_not_wait_under_pressure() -> None:
    directory = Wire(near_the_limit()).directory()
    await directory.user(ALICE)
    started = now()

    await directory.provision_on_demand(APP, "j", "r", group=None, users=[ALICE])

    assert now() == started
