"""`stop` and `start` name who is signed in, unless the operator names somebody else."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from hasten.cli.running import Code
from hasten.domain.history import EntryKind, Filter
from hasten.records import heartbeats, stops
from tests.support.world import TOTAL
from tests.unit.cli.two_targets import CommandWorld, Ran

START = datetime(2026, 11, 24, tzinfo=UTC)
SIGNED_IN = "cli:0000dddd-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("by", "shown", "named"),
    [((), SIGNED_IN, None), (("--by", "the team"), "the team", "the team")],
)
def test_a_stop_names_who_decided_in_the_status_and_in_the_history(
    by: tuple[str, ...], shown: str, named: str | None, world: CommandWorld, ran: Ran
) -> None:
    asyncio.run(heartbeats.beat(world.store, "wake", START))

    result = ran("stop", TOTAL, *by, "--reason", "a fire")

    assert (result.exit_code, result.stderr) == (Code.FINE, "")
    [decision] = asyncio.run(stops.load_all(world.store))
    assert (decision.by, decision.reason) == (shown, "a fire")
    matches = Filter(kinds=frozenset({EntryKind.STOPPED}))
    page = asyncio.run(world.context.history.newest(5, matches=matches))
    assert {entry.by for entry in page.entries} == {SIGNED_IN}
    assert {entry.details.get("named") for entry in page.entries} == {named}


@pytest.mark.parametrize("json_too", [(), ("--json",)])
@pytest.mark.parametrize("command", ["stop", "start"])
def test_a_decision_in_a_store_that_no_app_reads_is_a_problem(
    command: str, json_too: tuple[str, ...], world: CommandWorld, ran: Ran
) -> None:
    result = ran(command, "--reason", "a fire", *json_too)

    assert result.exit_code == Code.PROBLEM
    assert "the app has never run on this store" in result.stderr
    assert "HASTEN_STORE" in result.stderr
    assert asyncio.run(stops.load_all(world.store))


@pytest.mark.parametrize(
    ("stopped", "started", "says"),
    [
        ((), (TOTAL,), (f"{TOTAL} started, but work does not", "stopped all targets at")),
        ((TOTAL,), (), ("All targets started, but work does not", f"stopped {TOTAL} at")),
    ],
)
def test_a_start_names_what_is_still_stopped(
    stopped: tuple[str, ...],
    started: tuple[str, ...],
    says: tuple[str, ...],
    world: CommandWorld,
    ran: Ran,
) -> None:
    ran("stop", *stopped, "--reason", "a fire")

    shown = ran("start", *started, "--reason", "it is out").stdout
    fields = json.loads(ran("start", *started, "--reason", "it is out", "--json").stdout)

    for text in (*says, "a fire"):
        assert text in shown
    assert shown.endswith(f"To start it: {' '.join(['python -m hasten start', *stopped])}\n")
    assert (fields["is_stop"], fields["still_stopped"][0]["reason"]) == (False, "a fire")
    assert asyncio.run(stops.find(world.store, TOTAL)) is not None


def test_a_start_of_what_was_stopped_says_that_work_continues(
    world: CommandWorld, ran: Ran
) -> None:
    ran("stop", TOTAL, "--reason", "a fire")
    ran("stop", "BROKEN", "--reason", "a flood")

    shown = ran("start", TOTAL, "--reason", "it is out").stdout

    assert shown == f"{TOTAL} started: work continues within a minute.\n"
    assert asyncio.run(stops.find(world.store, TOTAL)) is None


def test_a_stop_needs_a_reason(world: CommandWorld, ran: Ran) -> None:
    assert ran("stop", TOTAL).exit_code == Code.USAGE
    assert asyncio.run(stops.load_all(world.store)) == []
