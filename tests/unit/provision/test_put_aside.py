"""An exception that nobody expected about one person keeps nobody else of the target waiting."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from hasten.domain import planning
from hasten.domain.changes import State
from hasten.domain.planning import Call
from hasten.messages import Wake
from hasten.operate.status import target_status
from hasten.provision import call, plan_calls
from hasten.provision.drain import drain
from tests.fakes.directory import JOB
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
BROKEN = user(3)
OTHERS = [user(n) for n in range(1, 12) if user(n) != BROKEN]


def breaks_for(name: str, work: Callable[..., Any], met: list[datetime]) -> Callable[..., Any]:
    def breaking(first: Any, *args: Any, **named: Any) -> Any:
        rows = [first] if name == "settle" else first
        if any(row.user == BROKEN for row in rows):
            met.append(now())
            raise KeyError("Ada Lovelace")
        return work(first, *args, **named)

    return breaking


@pytest.fixture(params=["settle", "group_into_calls"])
def met(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """When the defect was met: while an answer is judged, or while calls are planned."""
    times: list[datetime] = []
    module = {"settle": call, "group_into_calls": plan_calls}[request.param]
    work = getattr(module, request.param)
    monkeypatch.setattr(module, request.param, breaks_for(request.param, work, times))
    return times


async def world_of(*, leaving: bool) -> World:
    world = World()
    await world.is_discovered()
    world.directory.job_list = [{"id": JOB, "status": {"code": "Active"}}]
    everyone = [*OTHERS, BROKEN]
    if leaving:
        world.directory.join(ENGINEERING, *everyone)
        await world.left(ENGINEERING, *everyone)
    else:
        await world.joined(ENGINEERING, *everyone)
    return world


async def drained(world: World, span: timedelta) -> None:
    """As often as the wake timer and the wakes that the drain sends wake it."""
    end = now() + span
    while now() < end:
        await drain(world.context, WAKE)
        await asyncio.sleep(5)


@pytest.mark.parametrize("leaving", [True, False])
def test_all_other_people_are_called_and_the_one_waits_with_growing_pauses(
    met: list[datetime],
    leaving: bool,  # noqa: FBT001 - a case of the table
) -> None:
    @virtual
    async def body() -> None:
        world = await world_of(leaving=leaving)

        await drained(world, timedelta(minutes=20))

        states = {u: (await world.row(ENGINEERING, u)).state for u in OTHERS}
        assert State.PENDING not in states.values()
        assert State.CALLING not in states.values()
        row = await world.row(ENGINEERING, BROKEN)
        assert (row.state, row.alone) == (State.WAITING, True)
        assert "an unexpected exception: KeyError at hasten/" in row.reason
        tries = sorted({*met})
        alone = [later - earlier for earlier, later in pairwise(tries[2:])]
        assert len(alone) > 3
        assert alone == sorted(alone)
        assert alone[-1] <= timedelta(minutes=5, seconds=10)

    body()


@virtual
async def test_the_defect_is_reported_at_once_and_status_names_it(
    met: list[datetime],
) -> None:
    world = await world_of(leaving=True)

    await drain(world.context, WAKE)

    events = [event for event in world.events if event.result == "crashed"]
    assert events
    assert events[0].alerts == {"unexpected-error"}
    assert BROKEN in events[0].fields["users"]
    assert "Ada" not in f"{[event.fields for event in events]}"
    told = [str(p) for p in (await target_status(world.context, world.target)).problems]
    assert any("wait for someone: an unexpected exception" in problem for problem in told)


@virtual
async def test_what_breaks_for_nobody_alone_is_planned_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await world_of(leaving=False)
    await world.joined(ADMIN, user(20))
    plan = planning.group_into_calls

    def breaks_for_many(changes: Sequence[Any], **named: Any) -> list[Call]:
        if len(changes) > 6:
            raise RecursionError
        return plan(changes, **named)

    monkeypatch.setattr(plan_calls, "group_into_calls", breaks_for_many)

    await drained(world, timedelta(minutes=2))

    assert await world.ledger.open_changes(TOTAL) == []
    assert world.results("drain") == []
