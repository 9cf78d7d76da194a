"""An assignment that no sweep has seen yet gives access by an event or a request, and ends before a
sweep sees it: the access is revoked all the same."""

import asyncio
from functools import partial

import pytest

from hasten.domain.changes import DIRECT, Action, State
from hasten.domain.intents import Wanted
from hasten.domain.row_states import finished
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.store import Put
from hasten.provision.on_request import request_person
from hasten.records import cursors, unseen_groups
from hasten.records.unseen_groups import UNSEEN_GROUPS_COLLECTION
from hasten.watch.look import start_watching
from hasten.watch.sweep import sweep
from tests.fakes.tenant import NO_ROLE, SERVICE_PRINCIPAL
from tests.support.ensuring import Onboarding, world_with
from tests.support.virtual_time import now, virtual
from tests.support.world import TOTAL, user

GROUP = "0000bbbb-0000-4000-8000-0000000000cc"
SETTLED = REPLICATION_SETTLED_AFTER.total_seconds()
ASKS = ["joins", "in step", "operator"]


async def asks(world: Onboarding, group: str, how: str) -> None:
    if how == "operator":
        await request_person(world.context, world.target, user(1), by="ada", why="ticket 7")
        return
    wanted = Wanted.MEMBER if how == "joins" else Wanted.IN_STEP
    await world.wants(group, user(1), wanted=wanted)
    await world.ensures()


async def assigned(group: str) -> Onboarding:
    """Somebody assigned the user, or the user's group, after the last sweep."""
    world = await world_with(user(1))
    await sweep(world.context)
    principal = user(1) if group == DIRECT else group
    if group != DIRECT:
        world.directory.has_group(GROUP, "Team-New")
        world.directory.join(GROUP, user(1))
    world.directory.assigned[user(1)] = [principal]
    await world.directory.assign(SERVICE_PRINCIPAL, principal, NO_ROLE)
    return world


@pytest.mark.parametrize("how", ASKS)
@pytest.mark.parametrize("group", [DIRECT, GROUP])
def test_an_assignment_that_ended_before_a_sweep_saw_it_is_revoked(group: str, how: str) -> None:
    @virtual
    async def run() -> None:
        world = await assigned(group)
        await asks(world, group, how)
        assert (await world.row(group, user(1))).action is Action.ADDED
        world.directory.granted.clear()
        world.directory.assigned[user(1)] = []

        await sweep(world.context)
        assert (await world.row(group, user(1))).action is Action.ADDED  # a replica may lag
        await asyncio.sleep(SETTLED)
        await sweep(world.context)

        assert (await world.row(group, user(1))).action is Action.REMOVED
        assert await unseen_groups.load(world.store, TOTAL) == {}

    run()


@pytest.mark.parametrize("stays_assigned", [True, False])
@pytest.mark.parametrize("how", ASKS)
def test_somebody_who_left_the_group_before_a_sweep_saw_its_assignment_is_revoked(
    how: str, *, stays_assigned: bool
) -> None:
    """The look of another target has moved the cursor, and the call for them is long over."""

    @virtual
    async def run() -> None:
        world = await assigned(GROUP)
        await start_watching(world.context, GROUP)
        await asks(world, GROUP, how)
        ended = partial(finished, state=State.CONFIRMED, now=now())
        await world.ledger.move([await world.row(GROUP, user(1))], ended)
        await world.context.outbox.flush(TOTAL)
        world.directory.leave(GROUP, user(1))
        world.directory.assigned[user(1)] = []
        cursor = await cursors.load(world.store, GROUP)
        assert cursor is not None
        news = await world.directory.membership_delta(cursor.link)
        await cursors.save(world.store, GROUP, cursor.moved(news.link, now()))
        if not stays_assigned:
            world.directory.granted.clear()

        for _ in range(3):
            await asyncio.sleep(SETTLED)
            await sweep(world.context)

        assert (await world.row(GROUP, user(1))).action is Action.REMOVED

    run()


@pytest.mark.parametrize("how", ASKS)
@pytest.mark.parametrize("group", [DIRECT, GROUP])
def test_an_assignment_that_a_sweep_sees_afterwards_stays(group: str, how: str) -> None:
    @virtual
    async def run() -> None:
        world = await assigned(group)
        await asks(world, group, how)

        for _ in range(3):
            await sweep(world.context)
            await asyncio.sleep(SETTLED)

        assert (await world.row(group, user(1))).action is Action.ADDED
        assert await unseen_groups.load(world.store, TOTAL) == {}

    run()


@pytest.mark.parametrize("how", ASKS)
@pytest.mark.parametrize("has_row", [True, False])
def test_nobody_who_asks_hides_a_removal_of_somebody_whom_a_sweep_has_seen(
    how: str, *, has_row: bool
) -> None:
    """Somebody without a row was assigned before Hasten watched the target."""

    @virtual
    async def run() -> None:
        world = await assigned(DIRECT)
        await sweep(world.context)
        if not has_row:
            await asyncio.sleep(SETTLED)
            await world.ledger.remove([await world.row(DIRECT, user(1))])
        await asks(world, DIRECT, how)
        await asyncio.sleep(1)
        world.directory.granted.clear()
        world.directory.assigned[user(1)] = []

        await sweep(world.context)

        assert (await world.row(DIRECT, user(1))).action is Action.REMOVED

    run()


@virtual
async def test_a_group_whose_note_cannot_be_read_counts_as_noted_long_ago() -> None:
    world = await assigned(GROUP)
    await asks(world, GROUP, "in step")
    await asyncio.sleep(1)
    world.directory.granted.clear()
    [document] = await world.store.scan(UNSEEN_GROUPS_COLLECTION, TOTAL)
    spoiled = Put(GROUP, {"at": "yesterday"}, document.etag)
    await world.store.commit(UNSEEN_GROUPS_COLLECTION, TOTAL, [spoiled])

    await sweep(world.context)

    assert (await world.row(GROUP, user(1))).action is Action.REMOVED
