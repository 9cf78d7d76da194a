"""Members whom a call on their group left out: one answer for several names nobody."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import State
from hasten.domain.planning import GrantsBy
from hasten.limits import ASSIGNMENT_COUNTS_WITHIN, LOG_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES
from hasten.provision.verify import verify
from hasten.targets import Target
from tests.fakes.directory import JOB
from tests.support.verifying import ran
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
ALL = [user(1), user(2), user(3)]
SOON = timedelta(minutes=5)


async def joined(grants_by: GrantsBy = GrantsBy.GROUP) -> World:
    """Three who were called together, with success."""
    world = World(target=Target(name=TOTAL, display_name=TOTAL, grants_by=grants_by))
    await world.is_discovered()
    await world.joined(ENGINEERING, *ALL)
    await drain(world.context, WAKE)
    return world


def logged(world: World, *, new: Sequence[str] = (), old: Sequence[str] = ()) -> None:
    named = [{"displayName": "members", "oldValue": None, "newValue": one} for one in new]
    named += [{"displayName": "members", "oldValue": one, "newValue": None} for one in old]
    entry: dict[str, Any] = {
        "jobId": JOB,
        "activityDateTime": now().isoformat(),
        "provisioningAction": "update",
        "provisioningStatusInfo": {"status": "success", "errorInformation": None},
        "sourceIdentity": {"id": ENGINEERING},
        "modifiedProperties": named,
    }
    world.directory.log.append(entry)


async def passes(span: timedelta) -> None:
    await asyncio.sleep(span.total_seconds())


async def states(world: World) -> list[State]:
    return [(await world.row(ENGINEERING, one)).state for one in ALL]


@virtual
async def test_a_joiner_whom_the_log_does_not_name_beside_others_is_called_alone() -> None:
    world = await joined()
    logged(world, new=ALL[:2])
    await verify(world.context)
    assert await states(world) == [State.CONFIRMED, State.CONFIRMED, State.SUCCEEDED]

    await passes(LOG_SETTLED_AFTER)
    await verify(world.context)
    await drain(world.context, WAKE)

    assert [call.users for call in world.directory.calls] == [tuple(ALL), (ALL[2],)]
    logged(world, new=ALL[2:])
    await verify(world.context)
    assert await states(world) == [State.CONFIRMED] * 3


@virtual
async def test_nobody_is_called_again_while_the_log_may_be_late() -> None:
    world = await joined()
    logged(world, new=ALL[:2])
    await passes(SOON)

    await verify(world.context)

    assert await states(world) == [State.CONFIRMED, State.CONFIRMED, State.SUCCEEDED]


@pytest.mark.parametrize("ids", [("0000ffff-0000-4000-8000-000000000009",), ("app-17",), ()])
def test_a_log_that_names_ids_of_the_app_or_nobody_leaves_nobody_out(ids: Sequence[str]) -> None:
    @virtual
    async def run() -> None:
        world = await joined()
        logged(world, new=ids)
        await passes(LOG_SETTLED_AFTER)

        await verify(world.context)

        assert await states(world) == [State.SUCCEEDED] * 3

    run()


@virtual
async def test_entries_of_a_group_leave_nobody_out_who_is_granted_access_by_user_calls() -> None:
    world = await joined(GrantsBy.USER)
    logged(world, new=ALL[:2])
    await verify(world.context)
    await passes(LOG_SETTLED_AFTER)

    await verify(world.context)

    assert (await world.row(ENGINEERING, ALL[2])).state is State.SUCCEEDED


@virtual
async def test_a_joiner_whom_the_log_never_names_is_left_to_the_cycle_with_its_time() -> None:
    world = await joined()
    ran(world)
    for _ in range(MOST_RETRIES + 1):
        logged(world, new=ALL[:2])
        await verify(world.context)
        await passes(LOG_SETTLED_AFTER)
        await verify(world.context)
        await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, ALL[2])
    assert (row.state, row.needs_proof) == (State.LEFT_TO_CYCLE, True)
    assert row.expected_at is not None
    assert "other members" in row.reason
    assert len(world.directory.calls) == 1 + MOST_RETRIES


@virtual
async def test_a_grant_of_which_the_log_says_nothing_ends_when_a_cycle_has_run() -> None:
    world = await joined()
    await passes(SOON + LOG_SETTLED_AFTER)
    ran(world)

    await verify(world.context)

    assert await states(world) == [State.DONE_BY_CYCLE] * 3


@virtual
async def test_a_leaver_whom_the_log_does_not_name_beside_others_is_called_alone() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, *ALL)
    world.directory.join(ADMIN, *ALL)
    await world.left(ENGINEERING, *ALL)
    await drain(world.context, WAKE)
    await passes(ASSIGNMENT_COUNTS_WITHIN)
    await drain(world.context, WAKE)
    assert await states(world) == [State.LEFT_TO_CYCLE] * 3

    logged(world, old=ALL[:2])
    await verify(world.context)
    await passes(LOG_SETTLED_AFTER)
    await verify(world.context)
    await drain(world.context, WAKE)

    assert await states(world) == [State.DONE_BY_CYCLE, State.DONE_BY_CYCLE, State.LEFT_TO_CYCLE]
    assert [call.users for call in world.directory.calls] == [*2 * [tuple(ALL)], (ALL[2],)]


@virtual
async def test_a_leaver_whom_the_log_shows_in_the_group_again_is_called_again() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, ALL[0])
    world.directory.join(ADMIN, ALL[0])
    await world.left(ENGINEERING, ALL[0])
    await drain(world.context, WAKE)
    await passes(ASSIGNMENT_COUNTS_WITHIN)
    await drain(world.context, WAKE)

    logged(world, new=ALL[:1])
    await verify(world.context)

    row = await world.row(ENGINEERING, ALL[0])
    assert row.state is State.PENDING
    assert "added the user to the group again" in row.reason
