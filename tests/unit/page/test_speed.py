"""The view Speed: histograms and percentiles, beside the cycle of Entra."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from hasten.domain.changes import Action, State
from hasten.domain.speed import Histogram
from hasten.operate.seal_history import seal_recent
from hasten.page.charts import CYCLE_SECONDS, LEFT_X, RIGHT_X, histogram, place
from tests.support.pages import Pages
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user


def test_the_axis_is_logarithmic_and_ends_at_a_day() -> None:
    steps = [place(10.0**n) for n in range(4)]

    assert len({round(b - a) for a, b in pairwise(steps)}) == 1
    assert (place(0), place(10**9)) == (LEFT_X, RIGHT_X)


def test_bars_are_as_high_as_the_counts_and_the_cycle_is_right_of_quick_changes() -> None:
    chart = histogram(Histogram.of([2.0] * 30 + [50.0] * 10))

    tall, short = chart.bars
    assert tall.height == pytest.approx(3 * short.height, rel=0.01)
    assert tall.x < short.x < chart.cycle == place(CYCLE_SECONDS)


@virtual
async def test_the_view_shows_percentiles_of_each_step() -> None:
    world = World()
    await world.is_discovered()
    at = world.now()
    rows = [found(ENGINEERING, user(n), Action.ADDED, 1) for n in range(20)]
    await world.ledger.record(
        [
            replace(
                row,
                state=State.IN_SYNC,
                called_at=at + timedelta(seconds=1),
                finished_at=at + timedelta(seconds=6),
            )
            for row in rows
        ]
    )
    await world.context.outbox.flush(TOTAL)
    await seal_recent(world.context)

    text = await Pages(world).text("/speed")

    assert "From the notification to that answer 20 6." in text
    assert "Entra's cycle" in text


@virtual
async def test_without_a_change_it_says_so() -> None:
    world = World()
    await world.is_discovered()

    assert "No change ended in these days." in await Pages(world).text("/speed?target=TOTAL")
