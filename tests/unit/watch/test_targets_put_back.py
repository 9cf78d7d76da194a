"""A target that was taken out of targets.yaml and put back. Meanwhile users came and went, and the
rows in the ledger say the opposite."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, Action, FoundBy, State
from hasten.errors import PermanentError
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.messages import Look, Wake
from hasten.operate.release import held_changes, release_changes
from hasten.provision.drain import drain
from hasten.records import cursors, running_targets
from hasten.targets import Target
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

Change = Callable[..., None]


def assign(world: World, *users: str) -> None:
    for one in users:
        world.directory.grant(one, kind="User")
        world.directory.assigned.setdefault(one, []).append(one)


def unassign(world: World, *users: str) -> None:
    for key, given in world.directory.granted.items():
        world.directory.granted[key] = [one for one in given if one.principal not in users]
    for one in users:
        world.directory.assigned[one].remove(one)


def join(world: World, *users: str) -> None:
    world.directory.join(ENGINEERING, *users)


def leave(world: World, *users: str) -> None:
    world.directory.leave(ENGINEERING, *users)


async def as_by_an_event(world: World, group: str) -> None:
    """Marks the row as Hasten's own write, which no look has seen."""
    row = await world.row(group, user(60))
    await world.ledger.move([row], lambda seen: replace(seen, ahead=True))


async def minutes(world: World, count: int) -> None:
    for _ in range(count):
        await sweep(world.context)
        found = Look(group=ENGINEERING, noticed_at=now(), found_by=FoundBy.RECONCILE)
        await look(world.context, found)
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)


async def taken_out(world: World, meanwhile: Callable[[], None]) -> None:
    """Sweeps once without the target, and goes on with it after `meanwhile`. The links of
    its groups have expired by then."""
    target, world.target = world.target, Target(name="OTHER", display_name="OTHER")
    with suppress(PermanentError):
        await sweep(world.context)
    meanwhile()
    await asyncio.sleep(timedelta(days=8).total_seconds())
    for cursor in (await cursors.load_all(world.store)).values():
        world.directory.expired_links.add(cursor.link)
    world.target = target
    await minutes(world, 2)


@pytest.mark.parametrize(
    ("group", "come", "go"), [(DIRECT, assign, unassign), (ENGINEERING, join, leave)]
)
@virtual
async def test_a_user_who_came_back_meanwhile_and_goes_again_is_revoked(
    group: str, come: Change, go: Change
) -> None:
    world = await swept()
    come(world, user(60))
    await minutes(world, 4)
    go(world, user(60))
    await minutes(world, 4)
    await as_by_an_event(world, group)
    await taken_out(world, lambda: come(world, user(60)))
    calls = len(world.directory.calls)

    go(world, user(60))
    await minutes(world, 4)

    assert [call.users for call in world.directory.calls[calls:]] == [(user(60),)]


@pytest.mark.parametrize(
    ("group", "come", "go"), [(DIRECT, assign, unassign), (ENGINEERING, join, leave)]
)
@virtual
async def test_a_user_who_went_meanwhile_and_comes_back_is_provisioned(
    group: str, come: Change, go: Change
) -> None:
    world = await swept()
    come(world, user(60))
    await minutes(world, 4)
    await as_by_an_event(world, group)
    await taken_out(world, lambda: go(world, user(60)))
    calls = len(world.directory.calls)

    come(world, user(60))
    await minutes(world, 4)

    assert [call.users for call in world.directory.calls[calls:]] == [(user(60),)]


@virtual
async def test_a_mass_of_users_who_came_back_meanwhile_and_go_again_is_held() -> None:
    world = await swept()
    many = [user(n) for n in range(100, 140)]
    assign(world, *many)
    await minutes(world, 14)
    unassign(world, *many)
    await minutes(world, 2)
    await running_targets.save(world.store, world.context.targets.values(), now())
    held = await held_changes(world.context, TOTAL, groups=(), users=())
    await release_changes(world.context, TOTAL, held)
    await minutes(world, 14)
    await taken_out(world, lambda: assign(world, *many))
    calls = len(world.directory.calls)

    unassign(world, *many)
    await minutes(world, 3)

    rows = [row for row in await world.ledger.open_changes(TOTAL) if row.user in many]
    assert len(held) == 40
    assert Counter(row.state for row in rows) == {State.HELD: 40}
    assert world.directory.calls[calls:] == []


@virtual
async def test_what_hasten_found_or_wrote_a_moment_ago_is_not_called_twice() -> None:
    world = await swept()
    assign(world, user(60))
    await sweep(world.context)
    await drain(world.context, Wake(target=TOTAL))
    unassign(world, user(60))
    await sweep(world.context)
    await drain(world.context, Wake(target=TOTAL))
    calls = len(world.directory.calls)

    await minutes(world, 5)
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await minutes(world, 5)

    assert await open_rows(world) == set()
    assert len(world.directory.calls) == calls
    row = await world.row(DIRECT, user(60))
    assert (row.action, row.state) == (Action.REMOVED, State.SUCCEEDED)
