"""Hasten does not take access in the app because a lagging replica of Graph misses what Hasten
itself has just seen."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action, State
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.provision.drain import drain
from hasten.records import discovered
from tests.fakes.memory_store import MemoryStore
from tests.support.app_revocations import LEAVER, WAKE, has_left, world_with
from tests.support.counting_store import CountingStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

SETTLED = REPLICATION_SETTLED_AFTER.total_seconds()


def hide(world: World, how: str) -> None:
    """Makes Graph answer as a lagging replica does."""
    if how == "disabled":
        world.directory.disable(LEAVER)
    if how == "deleted":
        world.directory.delete(LEAVER)


@pytest.mark.parametrize(
    ("group", "action", "graph_says"),
    [
        (ADMIN, Action.ADDED, "unassigned"),
        (DIRECT, Action.ADDED, "unassigned"),
        (OWN_ACCOUNT, Action.ENABLED, "disabled"),
        (OWN_ACCOUNT, Action.RESTORED, "deleted"),
        (OWN_ACCOUNT, Action.RESTORED, "disabled"),
    ],
)
@virtual
async def test_nobody_loses_access_whom_hasten_saw_get_it_a_moment_ago(
    group: str, action: Action, graph_says: str
) -> None:
    world = world_with()
    await has_left(world, LEAVER)
    await world.ledger.record([found(group, LEAVER, action, 1)])
    hide(world, graph_says)

    await drain(world.context, WAKE)

    assert world.app.writes == []
    assert set(world.results("app_revocation")) == {"still_assigned"}


@pytest.mark.parametrize("group", [ADMIN, DIRECT])
@pytest.mark.parametrize("state", [State.SUCCEEDED, State.IN_SYNC, State.CONFIRMED])
@pytest.mark.parametrize("where", ["outbox", "history"])
def test_a_grant_counts_although_its_call_has_ended(group: str, state: State, where: str) -> None:
    @virtual
    async def scenario() -> None:
        world = world_with()
        await has_left(world, LEAVER)
        grant = found(group, LEAVER, Action.ADDED, 1)
        await world.ledger.record([replace(grant, state=state, finished_at=now())])
        if where == "history":
            await world.outbox.flush(TOTAL)

        await drain(world.context, WAKE)

        assert world.app.writes == []

    scenario()


@pytest.mark.parametrize(
    ("group", "action", "graph_says"),
    [
        (ADMIN, Action.ADDED, "disabled"),
        (ADMIN, Action.ADDED, "deleted"),
        (DIRECT, Action.ADDED, "disabled"),
        (DIRECT, Action.REMOVED, "unassigned"),
        (OWN_ACCOUNT, Action.ENABLED, "unassigned"),
        (OWN_ACCOUNT, Action.UPDATED, "disabled"),
        (OWN_ACCOUNT, Action.DISABLED, "disabled"),
    ],
)
@virtual
async def test_what_says_nothing_about_the_removal_delays_nobody(
    group: str, action: Action, graph_says: str
) -> None:
    world = world_with()
    await has_left(world, LEAVER)
    await world.ledger.record([found(group, LEAVER, action, 1)])
    hide(world, graph_says)

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]


@virtual
async def test_graph_is_believed_as_soon_as_its_replicas_have_settled() -> None:
    world = world_with()
    await world.is_discovered()
    await world.ledger.record([found(ADMIN, LEAVER, Action.ADDED, 1)])
    await asyncio.sleep(SETTLED)
    await has_left(world, LEAVER)

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]


@virtual
async def test_somebody_else_who_joined_changes_nothing() -> None:
    world = world_with()
    await has_left(world, LEAVER)
    await world.joined(ADMIN, user(2))

    await drain(world.context, WAKE)

    assert world.app.active(LEAVER) == [False]
    assert (await world.row(ENGINEERING, LEAVER)).state is State.CONFIRMED


@virtual
async def test_hasten_asks_the_store_as_often_however_many_groups_are_assigned() -> None:
    few, many = [await requests_of_a_drain(number) for number in (1, 500)]

    assert few == many


async def requests_of_a_drain(groups: int) -> int:
    store = CountingStore(MemoryStore())
    world = world_with(store=store)
    await has_left(world, LEAVER)
    target = await discovered.load(store, TOTAL)
    assert target is not None
    many = replace(target, groups=tuple(map(user, range(groups))))
    await discovered.save(store, many, over=target)
    before = store.requests

    await drain(world.context, WAKE)

    return store.requests - before
