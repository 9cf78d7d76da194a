"""An answer that has nothing in it is no good news where no app has ever worked."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from hasten.cli.running import Code
from hasten.records import heartbeats
from tests.support.world import TOTAL
from tests.unit.cli.two_targets import CommandWorld, Ran

COMMANDS: dict[str, Sequence[str]] = {
    "scheduled": ("scheduled",),
    "release": ("release", TOTAL, "--yes"),
    "discard": ("discard", TOTAL, "--yes"),
    "history": ("history",),
    "export": ("export",),
    "report": ("report",),
    "audit": ("audit", "verify"),
}


@pytest.mark.parametrize("json_too", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_on_a_store_that_no_app_uses_is_a_problem_and_elsewhere_is_fine(
    name: str, json_too: tuple[str, ...], world: CommandWorld, ran: Ran
) -> None:
    unused = ran(*COMMANDS[name], *json_too)
    asyncio.run(heartbeats.beat(world.store, "wake", datetime(2026, 11, 24, tzinfo=UTC)))
    used = ran(*COMMANDS[name], *json_too)

    assert (unused.exit_code, used.exit_code) == (Code.PROBLEM, Code.FINE)
    assert "the app has never run on this store" in unused.stderr
    assert "HASTEN_STORE" in unused.stderr
    assert used.stderr == ""
