"""A command claims nothing about what it could not read, and a target that cannot be read hides no
other."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.cli.running import Code
from hasten.errors import TemporaryError
from hasten.ports.store import Document
from tests.fakes.memory_store import MemoryStore
from tests.support.world import TOTAL
from tests.unit.cli.two_targets import BROKEN, CommandWorld, Ran

DOWN = TemporaryError("the store did not answer", timedelta(seconds=5))


class OfBroken(MemoryStore):
    """Cannot read what belongs to BROKEN."""

    async def scan(
        self, collection: str, partition: str, *rest: Any, **more: Any
    ) -> Sequence[Document]:
        if partition.startswith(BROKEN):
            raise DOWN
        return await super().scan(collection, partition, *rest, **more)


class Unreadable(MemoryStore):
    """Refuses every read, as the store does to somebody without a role on it."""

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        raise DOWN

    async def scan(self, *_: Any, **__: Any) -> Sequence[Document]:
        raise DOWN


@pytest.mark.parametrize("command", ["status", "apply", "doctor"])
def test_a_target_of_which_the_store_reads_nothing_hides_no_other(
    command: str, world: CommandWorld, ran: Ran
) -> None:
    world.store = OfBroken()
    asyncio.run(world.is_discovered())

    result = ran(command)

    assert result.exit_code == Code.PROBLEM
    assert BROKEN in result.stdout
    says = {"status": "total.0000", "apply": "Create the group", "doctor": "group-rule"}
    assert says[command] in result.stdout


def test_status_names_the_error_of_the_broken_target_and_its_mode(
    world: CommandWorld, ran: Ran
) -> None:
    world.store = OfBroken()

    broken, _ = json.loads(ran("status", "--json").stdout)["targets"]

    assert broken["target"] == BROKEN
    assert "the store did not answer" in broken["problems"][0]["found"]


def test_status_claims_nothing_about_a_target_that_it_could_not_read(
    world: CommandWorld, ran: Ran
) -> None:
    world.store = OfBroken()

    broken, sound = json.loads(ran("status", "--json").stdout)["targets"]
    shown = ran("status", BROKEN).stdout

    assert set(broken) == {"target", "mode", "problems"}
    assert sound["open"] == {}
    assert "unknown" in shown
    assert "open changes" not in shown


@pytest.mark.parametrize("is_up", [True, False])
def test_status_says_never_of_what_it_read_and_unknown_of_what_it_could_not_read(
    *, is_up: bool, world: CommandWorld, ran: Ran
) -> None:
    if not is_up:
        world.store = Unreadable()

    lines = ran("status").stdout.splitlines()

    [event] = [line for line in lines if "last onboarding event" in line]
    assert ("unknown" in event) is not is_up


def test_status_knows_no_cycle_of_a_job_that_it_could_not_read(
    world: CommandWorld, ran: Ran
) -> None:
    lines = ran("status", TOTAL).stdout.splitlines()

    [cycle] = [line for line in lines if "Entra's last cycle" in line]
    assert "unknown" in cycle
