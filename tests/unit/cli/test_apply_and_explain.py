"""One target that is broken silences no other."""

import asyncio
import json
from datetime import timedelta

from hasten.cli.running import Code
from hasten.domain.heartbeats import TIMER_PERIODS
from hasten.errors import PermanentError, TemporaryError
from hasten.records import heartbeats
from tests.support.virtual_time import now
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.cli.two_targets import CommandWorld, Ran


def test_the_plan_of_every_target_is_shown_and_the_broken_one_named(
    world: CommandWorld, ran: Ran
) -> None:
    result = ran("apply")

    assert result.exit_code == Code.PROBLEM
    assert "1. Create the group TOTAL-Newcomers." in result.stdout
    assert "! BROKEN: target BROKEN: no such enterprise application" in result.stdout
    assert world.directory.writes == {}


def test_applied_steps_are_printed_although_another_target_is_broken(
    world: CommandWorld, ran: Ran
) -> None:
    result = ran("apply", "--yes", "--json")

    broken, sound = json.loads(result.stdout)
    assert (broken["outcome"], sound["outcome"]) == ("failed", "done")
    assert "no such enterprise application" in broken["problem"]["found"]
    assert [step["kind"] for step in sound["steps"]] == ["create", "assign"]
    assert sound["done"] == sound["steps"]
    assert world.directory.writes == {"create_group": 1, "assign": 1}


def test_the_steps_of_a_target_that_breaks_on_the_way_are_shown(
    world: CommandWorld, ran: Ran
) -> None:
    world.directory.refusals["assign"] = [PermanentError("Graph answered 403", "grant it")]

    result = ran("apply", TOTAL, "--yes")

    assert result.exit_code == Code.PROBLEM
    assert "1. Create the group TOTAL-Newcomers. Done." in result.stdout
    assert "2. Assign the group TOTAL-Newcomers to TOTAL. Not done." in result.stdout
    assert "! TOTAL: Graph answered 403: grant it" in result.stdout


def test_a_person_is_explained_for_every_target_that_can_be_read(
    world: CommandWorld, ran: Ran
) -> None:
    world.directory.has_user(user(1))
    asyncio.run(world.is_discovered())

    result = ran("explain", user(1))
    broken, sound = json.loads(ran("explain", user(1), "--json").stdout)["targets"]

    assert result.exit_code == Code.PROBLEM
    assert "! no sweep has found target BROKEN yet" in result.stdout
    assert "They are not assigned to TOTAL." in result.stdout
    assert (broken["facts"], sound["problem"]) == (None, None)
    assert (sound["facts"]["exists"], sound["facts"]["through"]) == (True, [])


def test_an_object_id_that_is_nobodys_is_an_error(world: CommandWorld, ran: Ran) -> None:
    result = ran("explain", user(9))

    assert result.exit_code == Code.PROBLEM
    assert f"no user has the object id {user(9)}" in result.stderr
    assert result.stdout == ""
    assert world.directory.writes == {}


def test_what_the_store_knows_is_explained_while_graph_does_not_answer(
    world: CommandWorld, ran: Ran
) -> None:
    async def arrange() -> None:
        await world.is_discovered()
        await world.joined(ENGINEERING, user(1))

    asyncio.run(arrange())
    world.directory.down = TemporaryError("Graph did not answer", timedelta(seconds=5))

    result = ran("explain", user(1), "--target", TOTAL)

    assert result.exit_code == Code.PROBLEM
    assert "Graph could not be read" in result.stdout
    assert f"They joined {ENGINEERING}" in result.stdout
    assert "! Graph did not answer: try again" in result.stdout


def test_the_age_of_each_timer_is_shown_before_what_becomes_of_the_person(
    world: CommandWorld, ran: Ran
) -> None:
    async def arrange() -> None:
        for timer in TIMER_PERIODS:
            await heartbeats.beat(world.store, timer, now())

    asyncio.run(arrange())
    world.directory.has_user(user(1))

    shown = ran("explain", user(1)).stdout
    timers = json.loads(ran("explain", user(1), "--json").stdout)["app"]["timers"]

    assert {timer["timer"] for timer in timers} == TIMER_PERIODS.keys()
    assert "Hasten's timers did their work: sweep " in shown
    assert all(f"{timer} " in shown for timer in TIMER_PERIODS)
