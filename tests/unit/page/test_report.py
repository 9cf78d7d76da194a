"""The view Report: time to revoke over a period, on the page and as CSV."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import Action, State
from tests.support.pages import Pages
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user


async def world() -> World:
    """One leaver was quick, one took an hour."""
    made = World()
    await made.is_discovered()
    at = made.now() - timedelta(hours=3)
    rows = [
        replace(
            found(ENGINEERING, user(n), Action.REMOVED, 2),
            noticed_at=at,
            found_at=at,
            called_at=at + took,
            finished_at=at + took,
            state=State.SUCCEEDED,
        )
        for n, took in ((1, timedelta(seconds=9)), (2, timedelta(hours=1)))
    ]
    await made.ledger.record(rows)
    await made.context.outbox.flush(TOTAL)
    return made


@virtual
async def test_it_lists_the_exceptions_of_the_period() -> None:
    text = await Pages(await world()).text("/report?from=2026-11-01&to=2026-11-24")

    assert "Population: 2 revocations" in text
    assert "50 %" in text
    exceptions = text[text.index("Exceptions") :]
    assert user(2) in exceptions
    assert user(1) not in exceptions


@virtual
async def test_nothing_is_read_before_a_period_is_asked_for() -> None:
    text = await Pages(await world()).text("/report")

    assert "Make the report" in text
    assert "Population" not in text


@virtual
async def test_the_csv_has_every_revocation() -> None:
    answer = await Pages(await world()).get("/report.csv?from=2026-11-01&to=2026-11-24")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["user"]: row["exception"] for row in rows} == {user(1): "", user(2): "yes"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "the field `from` is no day"),
        ("to=0001-01-01", "the field `to` is no day from 1970"),
        ("from=0001-01-01&to=2026-11-24", "the field `from` is no day from 1970"),
        ("from=2026-11-01&to=9999-12-31", "the field `to` is no day from 1970 to 9998"),
        ("from=2026-11-24&to=2026-11-01", "name no past period"),
        ("from=2030-01-01&to=2030-01-02", "name no past period"),
        ("from=2020-01-01&to=2026-11-24", "longer than 100 days"),
    ],
)
@virtual
async def test_a_period_that_makes_no_sense_is_refused(query: str, field: str) -> None:
    answer = await Pages(await world()).get(f"/report?{query}")

    assert answer.status_code == 400
    assert field in answer.text.replace("The field", "the field")
