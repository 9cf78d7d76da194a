"""One target that is broken silences no other."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from hasten.cli import running
from hasten.cli.main import app
from hasten.cli.running import Code
from hasten.context import Context
from hasten.errors import PermanentError
from hasten.policy import Creation, GroupPolicy
from hasten.targets import Target
from tests.support.world import TOTAL, World, user

BROKEN = "BROKEN"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """BROKEN comes first: the tenant has no such app."""
    world = World()
    groups = (GroupPolicy(name="TOTAL-Newcomers", create=Creation()),)
    broken = Target(name=BROKEN, display_name="Gone", groups=groups)
    sound = Target(name=TOTAL, display_name=TOTAL, groups=groups)
    context = Context(world.context.settings, (broken, sound), world)
    world.directory.job_list = [{"id": "total.0000", "status": {"code": "Active"}}]

    @asynccontextmanager
    async def opened(_: Mapping[str, str]) -> AsyncIterator[Any]:
        yield SimpleNamespace(
            context=context, all_targets=(broken, sound), target=context.targets.get
        )

    monkeypatch.setattr(running, "opened", opened)
    return world


def ran(*command: str) -> Any:
    return CliRunner().invoke(app, [*command], catch_exceptions=False)


def test_the_plan_of_every_target_is_shown_and_the_broken_one_named(world: World) -> None:
    result = ran("apply")

    assert result.exit_code == Code.PROBLEM
    assert "1. Create the group TOTAL-Newcomers." in result.stdout
    assert "! BROKEN: target BROKEN: no such enterprise application" in result.stdout
    assert world.directory.writes == {}


def test_applied_steps_are_printed_although_another_target_is_broken(world: World) -> None:
    result = ran("apply", "--yes", "--json")

    broken, sound = json.loads(result.stdout)
    assert (broken["outcome"], sound["outcome"]) == ("failed", "done")
    assert "no such enterprise application" in broken["problem"]["found"]
    assert [step["kind"] for step in sound["steps"]] == ["create", "assign"]
    assert sound["done"] == sound["steps"]
    assert world.directory.writes == {"create_group": 1, "assign": 1}


def test_the_steps_of_a_target_that_breaks_on_the_way_are_shown(world: World) -> None:
    world.directory.refusals["assign"] = [PermanentError("Graph answered 403", "grant it")]

    result = ran("apply", TOTAL, "--yes")

    assert result.exit_code == Code.PROBLEM
    assert "1. Create the group TOTAL-Newcomers. Done." in result.stdout
    assert "2. Assign the group TOTAL-Newcomers to TOTAL. Not done." in result.stdout
    assert "! TOTAL: Graph answered 403: grant it" in result.stdout


def test_a_person_is_explained_for_every_target_that_can_be_read(world: World) -> None:
    world.directory.has_user(user(1))
    asyncio.run(world.is_discovered())

    result = ran("explain", user(1))
    broken, sound = json.loads(ran("explain", user(1), "--json").stdout)

    assert result.exit_code == Code.PROBLEM
    assert "! no sweep has found target BROKEN yet" in result.stdout
    assert "They are not assigned to TOTAL." in result.stdout
    assert (broken["facts"], sound["problem"]) == (None, None)
    assert (sound["facts"]["exists"], sound["facts"]["through"]) == (True, [])


def test_an_object_id_that_is_nobodys_is_an_error(world: World) -> None:
    result = ran("explain", user(9))

    assert result.exit_code == Code.PROBLEM
    assert f"no user has the object id {user(9)}" in result.stderr
    assert result.stdout == ""
    assert world.directory.writes == {}
