"""Records of targets that have left targets.yaml."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Action, State
from hasten.errors import PermanentError
from hasten.limits import RETENTION
from hasten.records import discovered
from hasten.records.discovered import DiscoveredTarget
from hasten.retention import forget_old
from hasten.targets import Target
from hasten.watch.sweep import sweep
from tests.support.swept import swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user

OLD, YOUNG = RETENTION + timedelta(days=1), RETENTION - timedelta(days=1)
DONE: dict[str, Any] = {"state": State.SUCCEEDED}
UNPROVEN: dict[str, Any] = {"state": State.SUCCEEDED, "needs_proof": True}
OPEN: dict[str, Any] = {"state": State.HELD, "finished_at": None}


async def with_row(age: timedelta, **fields: Any) -> World:
    world = await swept()
    row = found(ENGINEERING, user(1), Action.ADDED, 1)
    await world.ledger.record([replace(row, **{"finished_at": now() - age, **fields})])
    return world


async def without_the_target(world: World) -> None:
    world.target = Target(name="OTHER", display_name="OTHER")
    with suppress(PermanentError):
        await sweep(world.context)
    assert await discovered.load(world.store, TOTAL) is None


@pytest.mark.parametrize(
    ("age", "fields", "is_kept"),
    [
        (OLD, DONE, False),
        (OLD, UNPROVEN, False),
        (OLD, OPEN, True),
        (YOUNG, DONE, True),
        (YOUNG, UNPROVEN, True),
    ],
)
@virtual
async def test_ended_rows_of_a_target_that_left_are_deleted_after_90_days(
    age: timedelta,
    fields: dict[str, Any],
    is_kept: bool,  # noqa: FBT001 - a case
) -> None:
    world = await with_row(age, **fields)
    await without_the_target(world)

    await forget_old(world.context)

    assert (await world.ledger.find(TOTAL, ENGINEERING, user(1)) is not None) is is_kept


@virtual
async def test_a_row_that_still_needs_a_proof_stays_while_its_target_is_served() -> None:
    world = await with_row(OLD, **UNPROVEN)

    await forget_old(world.context)

    assert await world.ledger.find(TOTAL, ENGINEERING, user(1)) is not None


@pytest.mark.parametrize("count", [100, 101, 250])
@virtual
async def test_however_many_targets_left_the_sweep_goes_on(count: int) -> None:
    world = await swept()
    for number in range(count):
        gone = DiscoveredTarget(
            target=f"OLD-{number}",
            service_principal="s",
            job="j",
            user_rule="u",
            group_rule="g",
            groups=(),
        )
        await discovered.save(world.store, gone, over=None)

    await sweep(world.context)

    assert [one.target for one in await discovered.load_all(world.store)] == [TOTAL]
