"""`stop` and `start` name who is signed in, unless the operator names somebody else."""

import asyncio

import pytest

from hasten.cli.running import Code
from hasten.domain.history import EntryKind, Filter
from hasten.records import stops
from tests.support.world import TOTAL
from tests.unit.cli.two_targets import CommandWorld, Ran

SIGNED_IN = "cli:0000dddd-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("by", "shown", "named"),
    [((), SIGNED_IN, None), (("--by", "the team"), "the team", "the team")],
)
def test_a_stop_names_who_decided_in_the_status_and_in_the_history(
    by: tuple[str, ...], shown: str, named: str | None, world: CommandWorld, ran: Ran
) -> None:
    result = ran("stop", TOTAL, *by, "--reason", "a fire")

    assert result.exit_code == Code.FINE
    [decision] = asyncio.run(stops.load_all(world.store))
    assert (decision.by, decision.reason) == (shown, "a fire")
    matches = Filter(kinds=frozenset({EntryKind.STOPPED}))
    page = asyncio.run(world.context.history.newest(5, matches=matches))
    assert {entry.by for entry in page.entries} == {SIGNED_IN}
    assert {entry.details.get("named") for entry in page.entries} == {named}


def test_a_stop_needs_a_reason(world: CommandWorld, ran: Ran) -> None:
    assert ran("stop", TOTAL).exit_code == Code.USAGE
    assert asyncio.run(stops.load_all(world.store)) == []
