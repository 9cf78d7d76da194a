"""Whether the app itself works: set up well is not enough."""

import asyncio
from datetime import timedelta

import pytest

from hasten.domain.heartbeats import TIMER_PERIODS
from hasten.errors import PermanentError
from hasten.operate.health import app_health
from hasten.records import heartbeats, running_targets
from hasten.records.signs import Sign, Signs
from hasten.targets import Mode, Target
from hasten.timers import run
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, World


async def works(world: World) -> None:
    for timer in TIMER_PERIODS:
        await heartbeats.beat(world.store, timer, now())
    await running_targets.save(world.store, [world.target], now())


async def problems(world: World) -> list[str]:
    return [str(problem) for problem in (await app_health(world.context)).problems]


async def later(span: timedelta) -> None:
    await asyncio.sleep(span.total_seconds())


@virtual
async def test_an_app_whose_timers_ran_a_moment_ago_has_no_problem() -> None:
    world = World()
    await works(world)

    assert await problems(world) == []


@virtual
async def test_a_store_on_which_the_app_never_ran_is_named_first() -> None:
    [problem] = await problems(World())

    assert problem.startswith("the app has never run on this store: check HASTEN_STORE, also for")


@virtual
async def test_an_app_that_was_killed_is_late_with_its_timers_minutes_later() -> None:
    world = World()
    await works(world)

    await later(timedelta(minutes=8))

    found = await problems(world)
    assert len(found) == 3  # sweep, wake and seal
    assert all("has not done its work for 8 minutes" in problem for problem in found)
    assert all("check that the app runs" in problem for problem in found)


@virtual
async def test_a_timer_that_fails_each_time_says_why() -> None:
    world = World()
    await works(world)
    await later(timedelta(hours=3))
    await works(world)
    await heartbeats.beat(world.store, "renew", now(), "Graph answered 403")
    await later(timedelta(minutes=126))
    for timer in TIMER_PERIODS.keys() - {"renew"}:
        await heartbeats.beat(world.store, timer, now())

    [problem] = await problems(world)

    assert "timer renew has not done its work for 2 hours (Graph answered 403)" in problem


@virtual
async def test_notifications_of_ours_that_are_all_refused_are_a_problem() -> None:
    world = World()
    await works(world)
    await Signs(world.store, now).note(Sign.REFUSED)

    [problem] = await problems(world)

    assert "notifications of our own subscriptions are refused" in problem
    assert "HASTEN_CLIENT_STATE_SECRET" in problem


@pytest.mark.parametrize(
    ("minutes", "is_told"),
    [(0, False), (9, False), (11, True)],
)
@virtual
async def test_one_refused_just_after_one_believed_is_a_secret_being_replaced(
    minutes: int,
    is_told: bool,  # noqa: FBT001 - a case of the table
) -> None:
    world = World()
    signs = Signs(world.store, now)
    await signs.note(Sign.BELIEVED)
    await later(timedelta(minutes=minutes))
    await signs.note(Sign.REFUSED)
    await works(world)

    assert bool(await problems(world)) is is_told


@virtual
async def test_a_sign_is_written_once_a_minute() -> None:
    world = World()
    signs = Signs(world.store, now)
    began = now()
    await signs.note(Sign.EVENT)
    await later(timedelta(seconds=59))
    await signs.note(Sign.EVENT)

    assert (await app_health(world.context)).event == began

    await later(timedelta(seconds=1))
    await signs.note(Sign.EVENT)
    assert (await app_health(world.context)).event == now()


@virtual
async def test_targets_that_differ_from_those_of_the_app_are_named() -> None:
    world = World()
    await works(world)
    others = [
        world.target.model_copy(update={"mode": Mode.OBSERVE}),
        Target(name="OTHER", display_name="Other"),
    ]
    await running_targets.save(world.store, others, now())

    first, second = await problems(world)

    assert f"target {TOTAL} of this targets.yaml differs from the one that the app runs" in first
    assert "the app runs target OTHER, which this targets.yaml does not have" in second
    assert "deploy this targets.yaml" in first


@virtual
async def test_a_target_that_the_app_does_not_run_yet_is_named() -> None:
    world = World()
    await works(world)
    await running_targets.save(world.store, [Target(name="OTHER", display_name="Other")], now())

    assert f"the app runs no target {TOTAL}" in (await problems(world))[0]


@virtual
async def test_each_run_of_a_timer_leaves_a_heartbeat_and_the_digests_of_the_targets() -> None:
    world = World()

    for timer in TIMER_PERIODS:
        await run(world.context, timer)

    assert await problems(world) == []
    assert world.results("heartbeat") == ["on_time"]


@virtual
async def test_a_running_timer_reports_the_one_that_stopped() -> None:
    world = World()
    await works(world)
    for _ in range(8):
        await later(timedelta(minutes=1))
        await run(world.context, "seal")
        await run(world.context, "wake")

    late = [event for event in world.events if event.result == "late"]

    assert {event.fields["timer"] for event in late} == {"sweep"}
    assert late[0].problem


@virtual
async def test_a_timer_that_cannot_do_its_work_leaves_a_heartbeat_with_the_reason() -> None:
    world = World()
    await works(world)
    world.directory.refusals["subscribe"] = [PermanentError("Graph answered 403", "grant it")] * 9

    await run(world.context, "sweep")

    [beat] = [beat for beat in await heartbeats.load_all(world.store) if beat.timer == "sweep"]
    assert beat.reason == "Graph answered 403"
