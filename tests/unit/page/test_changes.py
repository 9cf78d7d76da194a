"""The view Changes: open changes and those of the history, filtered by the address."""

import csv
import io
from dataclasses import replace

import pytest

from hasten.domain.changes import State
from tests.support.pages import Pages
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

ID_WITHOUT_DASHES = ENGINEERING.replace("-", "")


async def world() -> World:
    made = World()
    await made.is_discovered()
    await made.joined(ENGINEERING, user(1), user(2))
    await made.joined(ADMIN, user(3))
    rows = [row for row in await made.ledger.open_changes(TOTAL) if row.user == user(2)]
    await made.ledger.move(
        rows,
        lambda row: replace(
            row, state=State.FAILED, finished_at=made.now(), reason="=1+1", next_action="call"
        ),
    )
    await made.context.outbox.flush(TOTAL)
    return made


@virtual
async def test_open_changes_come_before_those_that_ended() -> None:
    text = await Pages(await world()).text("/changes")

    assert text.index(user(1)) < text.index(user(2))
    assert text.index(user(3)) < text.index(user(2))


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("state=failed", {2}),
        ("state=pending", {1, 3}),
        (f"group={ADMIN}", {3}),
        (f"user={user(1)}", {1}),
        ("target=TOTAL", {1, 2, 3}),
        ("state=held", set()),
    ],
)
@virtual
async def test_the_address_filters(query: str, seen: set[int]) -> None:
    text = await Pages(await world()).text(f"/changes/now?{query}")

    assert {n for n in (1, 2, 3) if user(n) in text} == seen


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense",
        "user=ada",
        f"user={ID_WITHOUT_DASHES}",
        "group=x",
        f"group={{{ENGINEERING}}}",
        "before=nonsense",
    ],
)
@virtual
async def test_an_address_that_means_nothing_is_refused(query: str) -> None:
    assert (await Pages(await world()).get(f"/changes?{query}")).status_code == 400


@virtual
async def test_the_csv_has_the_same_rows_and_no_formula() -> None:
    answer = await Pages(await world()).get("/changes.csv?state=failed")

    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["user"], row["state"], row["reason"]) == (user(2), "failed", "'=1+1")
    assert answer.headers["content-disposition"] == 'attachment; filename="changes.csv"'
