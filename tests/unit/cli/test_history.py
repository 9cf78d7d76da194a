"""`history`, `export` and `audit verify`."""

import asyncio
import csv
import io
import json
from datetime import datetime, timedelta

import pytest

from hasten.cli.running import Code
from hasten.domain.history import BEGUN, Entry, EntryKind
from hasten.ports.store import Delete
from hasten.records import heartbeats
from hasten.records.history_keys import AT_PREFIX, HISTORY_COLLECTION, day_of, day_partition
from hasten.records.history_seals import Seals
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.cli.two_targets import CommandWorld, Ran

HOUR = timedelta(hours=1)


async def _now() -> datetime:
    return now()


NOW = asyncio.run(_now())
"""About the time that a command meets: each runs on a loop of its own."""


@pytest.fixture
def filled_world(world: CommandWorld) -> CommandWorld:
    entries = [
        Entry(
            id=f"{n:032x}",
            at=NOW - n * 10 * HOUR,
            kind=EntryKind.RELEASED if n % 2 else EntryKind.OUTCOME,
            target=TOTAL,
            user=user(n % 3),
            group=ENGINEERING,
            result=BEGUN,
            by="cli:1",
            why="=HYPERLINK(1)",
        )
        for n in range(6)
    ]

    async def fill() -> None:
        await world.context.history.append(entries)
        while await Seals(world.store).seal(await world.context.history.days(), NOW):
            pass

    asyncio.run(fill())
    return world


@pytest.mark.usefixtures("filled_world")
def test_the_history_of_a_person_a_group_and_everything(ran: Ran) -> None:
    def ids(*given: str) -> list[int]:
        return [
            int(one["id"], 16)
            for one in json.loads(ran("history", *given, "--json").stdout)["entries"]
        ]

    assert ids() == [0, 1, 2, 3, 4, 5]
    assert ids(user(1)) == [1, 4]
    assert ids(ENGINEERING.upper()) == [0, 1, 2, 3, 4, 5]
    assert ids("--since", "25h") == [0, 1, 2]
    assert ids("--until", (NOW - 25 * HOUR).isoformat()) == [3, 4, 5]
    assert ids("--kind", "released", "--limit", "2") == [1, 3]


@pytest.mark.usefixtures("filled_world")
def test_the_table_says_who_did_it_and_how_to_see_more(ran: Ran) -> None:
    shown = ran("history", "--limit", "2").stdout

    assert "cli:1" in shown
    assert "More: --limit, or --until" in shown


@pytest.mark.parametrize(
    "options",
    [
        ("--since", "yesterday"),
        ("--since", "1d", "--until", "2d"),
        ("--until", "2026-13-01"),
        ("--since", "0001-01-01T00:00:00+05:00"),
        ("--until", "9999-12-31T23:59:59-05:00"),
    ],
)
def test_a_time_that_is_none_is_bad_usage(
    options: tuple[str, ...], world: CommandWorld, ran: Ran
) -> None:
    result = ran("history", *options)

    assert world.store is not None
    assert result.exit_code == Code.USAGE
    assert "--" in result.stderr


@pytest.mark.parametrize("first", ["0001-01-01", "1969-12-31"])
@pytest.mark.parametrize("last", ["9999-12-31T23:59:59.999999", "2300-01-01"])
def test_the_first_and_the_last_days_of_the_calendar_bound_a_time(
    first: str, last: str, filled_world: CommandWorld, ran: Ran
) -> None:
    asyncio.run(heartbeats.beat(filled_world.store, "wake", NOW))

    def count(*options: str) -> int:
        return len(json.loads(ran("history", *options, "--json").stdout)["entries"])

    assert count("--since", first, "--until", last) == 6
    assert (count("--since", last), count("--until", first)) == (0, 0)
    for begin in (first, last):
        assert ran("audit", "verify", "--since", begin).exit_code == Code.FINE
    report = ran("report", "--from", first, "--to", last, "--json")
    assert report.exit_code == Code.FINE


@pytest.mark.usefixtures("filled_world")
def test_the_export_has_one_row_for_each_entry_and_no_formula(ran: Ran) -> None:
    rows = list(csv.DictReader(io.StringIO(ran("export", "--since", "2000-01-01").stdout)))
    lines = ran("export", "--format", "jsonl").stdout.splitlines()

    assert [int(row["id"], 16) for row in rows] == [0, 1, 2, 3, 4, 5]
    assert {row["why"] for row in rows} == {"'=HYPERLINK(1)"}
    assert [json.loads(line)["why"] for line in lines] == ["=HYPERLINK(1)"] * 6


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_the_export_sends_no_command_to_the_terminal(
    format_: str, world: CommandWorld, ran: Ran
) -> None:
    entry = Entry(id="1", at=NOW, kind=EntryKind.OUTCOME, reason="a\x1b[2J\u202eb")
    asyncio.run(world.context.history.append([entry]))

    printed = ran("export", "--format", format_).stdout

    assert "[2J" in printed
    assert not {"\x1b", "\u202e"} & set(printed)


def test_a_removed_entry_ends_the_check_with_a_problem_that_names_it(
    filled_world: CommandWorld, ran: Ran
) -> None:
    before = ran("audit", "verify")
    digest = before.stdout.split("Last seal: ")[1].strip()
    agreed = ran("audit", "verify", "--expect", digest, "--since", "30d")

    async def remove() -> None:
        partition = day_partition(day_of(NOW - 20 * HOUR))
        for document in await filled_world.store.scan(HISTORY_COLLECTION, partition, AT_PREFIX):
            if document.body["id"] == f"{2:032x}":
                await filled_world.store.commit(
                    HISTORY_COLLECTION, partition, [Delete(document.key, document.etag)]
                )

    asyncio.run(remove())
    after = ran("audit", "verify", "--json")

    assert (before.exit_code, agreed.exit_code) == (Code.FINE, Code.FINE)
    assert "unchanged" in before.stdout
    assert after.exit_code == Code.PROBLEM
    said = json.loads(after.stdout)
    assert said["outcome"] == "changed"
    assert any("removed: in day" in line and f"{2:032x}" in line for line in said["findings"])


def test_a_digest_that_is_none_is_bad_usage(world: CommandWorld, ran: Ran) -> None:
    assert world.store is not None
    assert ran("audit", "verify", "--expect", "12").exit_code == Code.USAGE


@pytest.mark.parametrize("option", ["table", "csv", "html"])
def test_the_report_has_every_form(option: str, world: CommandWorld, ran: Ran) -> None:
    asyncio.run(heartbeats.beat(world.store, "wake", NOW))

    shown = ran("report", TOTAL, "--from", "7d", "--format", option)

    assert shown.exit_code == Code.FINE
    begins = {"table": "Time to revoke", "csv": "target,user,group", "html": "<!doctype html>"}
    assert shown.stdout.startswith(begins[option])


def test_a_report_of_no_time_is_bad_usage(world: CommandWorld, ran: Ran) -> None:
    assert world.store is not None
    assert ran("report", "--from", "1d", "--to", "2d").exit_code == Code.USAGE
