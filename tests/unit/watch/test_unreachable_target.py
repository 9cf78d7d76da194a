"""A target that Graph does not show for ten minutes is a problem, and a group that was unassigned
meanwhile is revoked although its job cannot be read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.context import Context
from hasten.domain.changes import Action
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.status import target_status
from hasten.ports.store import Put
from hasten.records import job_seen, overviews
from hasten.records.overviews import Part
from hasten.telemetry.targets import TargetUnreadable
from hasten.timers import run
from hasten.watch.route import ROUTE_KEPT
from tests.fakes.directory import SERVICE_PRINCIPAL
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

BUSY = TemporaryError("Graph answered 503", timedelta(seconds=5))
READS = ("service_principals", "jobs", "rules", "assignments")


def breaks(world: World, *reads: str, error: Exception = BUSY) -> None:
    async def failing(*_: Any, **__: Any) -> Any:
        raise error

    for read in reads:
        setattr(world.directory, read, failing)


def mends(world: World, *reads: str) -> None:
    for read in reads:
        delattr(world.directory, read)


async def sweeps(world: World, minutes: int) -> None:
    for _ in range(minutes):
        await run(world.context, "sweep")
        await asyncio.sleep(60)


def seen(world: World) -> list[str]:
    return [result for result in world.results("target") if result != "found"]


def each(*reads: Sequence[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("reads", reads, ids=["+".join(one) for one in reads])


@each(*((read,) for read in READS), READS)
def test_ten_minutes_without_a_read_are_a_problem_until_a_sweep_reads_the_target(
    reads: Sequence[str],
) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        breaks(world, *reads)

        await sweeps(world, 12)

        assert seen(world) == ["unreachable"] * 10 + ["unreadable"] * 2
        [_, last] = [event for event in world.events if isinstance(event, TargetUnreadable)]
        assert last.problem
        assert (last.age, last.reason) == (660, BUSY.reason)
        assert "doctor" in last.next_action

        mends(world, *reads)
        await sweeps(world, 1)
        breaks(world, *reads)
        await sweeps(world, 1)
        assert seen(world)[12:] == ["unreachable"]

    scenario()


@virtual
async def test_a_refusal_and_a_temporary_error_in_turn_count_together() -> None:
    world = await swept()

    for _ in range(6):
        breaks(world, "jobs")
        await sweeps(world, 1)
        breaks(world, "jobs", error=PermanentError("Graph answered 403", "grant it"))
        await sweeps(world, 1)

    assert seen(world)[-2:] == ["unreadable", "unhealthy"]


@virtual
async def test_a_target_that_no_sweep_has_ever_read_is_a_problem_too() -> None:
    world = World()
    breaks(world, "jobs")

    await sweeps(world, 11)

    assert seen(world) == ["unreachable"] * 10 + ["unreadable"]
    assert await open_rows(world) == set()


@virtual
async def test_the_status_says_since_when_the_app_cannot_read_the_target() -> None:
    world = await swept()
    breaks(world, "assignments")
    began = now()

    await sweeps(world, 9)
    before = [one.found for one in (await target_status(world.context, world.target)).problems]
    await sweeps(world, 2)
    after = [one.found for one in (await target_status(world.context, world.target)).problems]

    [shown] = set(after) - set(before)
    assert f"since {began:%Y-%m-%d %H:%M}Z: {BUSY.reason}" in shown


@pytest.mark.parametrize("garbled", [None, "{", 7, "2026-01-01T00:00:00"])
@virtual
async def test_a_state_that_an_earlier_version_wrote_or_that_is_damaged_counts_from_now(
    garbled: object,
) -> None:
    world = await swept()
    known = await overviews.known(world.store, Part.JOB)
    body = {**known[TOTAL].body, "unread_since": garbled}
    if garbled is None:
        del body["unread_since"]
    place = (overviews.OVERVIEWS_COLLECTION, Part.JOB)
    await world.store.commit(*place, [Put(TOTAL, body, known[TOTAL].etag)])
    breaks(world, "jobs")

    await sweeps(world, 11)

    assert seen(world) == ["unreachable"] * 10 + ["unreadable"]


@virtual
async def test_a_time_that_lies_ahead_counts_from_now() -> None:
    world = await swept()
    known = await overviews.known(world.store, Part.JOB)
    ahead = job_seen.unread(BUSY, now() + timedelta(days=300))
    await job_seen.save(world.store, TOTAL, ahead, known)
    breaks(world, "jobs")

    await sweeps(world, 11)

    assert seen(world) == ["unreachable"] * 10 + ["unreadable"]


def same(world: World) -> Callable[[], Context]:
    context = world.context
    return lambda: context


def anew(world: World) -> Callable[[], Context]:
    return lambda: world.context


@each(("jobs",), ("jobs", "job"), ("rules",))
@pytest.mark.parametrize("process", [same, anew])
def test_a_group_that_is_unassigned_while_the_job_cannot_be_read_is_revoked(
    process: Callable[[World], Callable[[], Context]], reads: Sequence[str]
) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        context = process(world)
        await run(context(), "sweep")
        await asyncio.sleep(ROUTE_KEPT.total_seconds())
        breaks(world, *reads)
        world.events.clear()
        world.directory.groups.remove(ENGINEERING)

        await run(context(), "sweep")

        removed = {(ENGINEERING, user(n), Action.REMOVED) for n in range(5)}
        assert await open_rows(world) == removed
        assert world.results("assignment") == ["unassigned"]
        assert world.results("target") == ["unreachable"]
        assert world.results("job") == []

        await run(context(), "sweep")
        assert await open_rows(world) == removed
        assert world.results("assignment") == ["unassigned"]

    scenario()


@virtual
async def test_a_deleted_group_stays_noted_while_nobody_knows_what_the_cycle_has_done() -> None:
    world = await swept()
    world.directory.delete_group(ADMIN)
    breaks(world, "jobs")

    await sweeps(world, 3)

    assert (await target_status(world.context, world.target)).deleted_groups.keys() == {ADMIN}


@pytest.mark.parametrize("principals", [[], ["0000aaaa-0000-4000-8000-000000000009"]])
def test_the_assignments_of_another_app_are_not_compared(principals: list[str]) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        world.directory.principals[:] = [
            {"id": one, "displayName": TOTAL, "appRoles": []} for one in principals
        ]
        breaks(world, "jobs")
        world.directory.groups.remove(ENGINEERING)
        assert SERVICE_PRINCIPAL not in principals

        await run(world.context, "sweep")

        assert await open_rows(world) == set()
        assert seen(world) == ["unreachable" if principals else "unhealthy"]

    scenario()


@pytest.mark.parametrize("reads", [("jobs",), ("jobs", "rules", "job")])
def test_one_sweep_asks_graph_for_three_things_at_most_while_the_job_cannot_be_read(
    reads: Sequence[str],
) -> None:
    @virtual
    async def scenario() -> None:
        world = await swept()
        breaks(world, *reads)
        asked: list[str] = []
        for name in READS:
            _counted(world, name, asked)

        await sweeps(world, 1)

        assert sorted(asked) in (
            ["assignments", "jobs", "service_principals"],
            ["assignments", "jobs", "service_principals", "service_principals"],
        )

    scenario()


def _counted(world: World, name: str, asked: list[str]) -> None:
    real: Callable[..., Awaitable[Any]] = getattr(world.directory, name)

    async def counted(*given: Any, **named: Any) -> Any:
        asked.append(name)
        return await real(*given, **named)

    setattr(world.directory, name, counted)
