"""A look at one group: it writes what it finds to the ledger before anything else moves."""

import asyncio
from datetime import timedelta

from hasten.domain.changes import Action
from hasten.ports.bus import PROVISIONING
from hasten.ports.directory_values import Member
from hasten.provision.drain import drain
from hasten.records import cursors
from hasten.watch.look import look, start_watching
from tests.support.counting_store import CountingStore
from tests.support.looking import WAKE, a_look, open_rows, watched
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user


@virtual
async def test_joiners_and_leavers_since_the_cursor_reach_the_ledger_and_wake_the_target() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1), user(2))
    world.directory.leave(ENGINEERING, user(2))

    await look(world.context, a_look())

    assert await open_rows(world) == [(user(1), Action.ADDED), (user(2), Action.REMOVED)]
    assert [message.body["target"] for message in world.bus.of(PROVISIONING)] == [TOTAL]


@virtual
async def test_the_past_of_a_group_is_left_to_the_cycle() -> None:
    world = World()
    world.directory.join(ENGINEERING, user(1))
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)

    await look(world.context, a_look())

    assert await open_rows(world) == []


@virtual
async def test_a_second_look_finds_nothing_new_and_wakes_nobody() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    await look(world.context, a_look())

    await look(world.context, a_look())

    assert len(await open_rows(world)) == 1
    assert len(world.bus.of(PROVISIONING)) == 1


@virtual
async def test_a_user_who_leaves_and_comes_back_is_called_again() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    await look(world.context, a_look())
    await drain(world.context, WAKE)
    world.directory.leave(ENGINEERING, user(1))
    await look(world.context, a_look())
    world.directory.join(ENGINEERING, user(1))

    await look(world.context, a_look())
    await drain(world.context, WAKE)

    assert [call.group for call in world.directory.calls] == [ENGINEERING, ENGINEERING]


@virtual
async def test_members_that_are_no_users_are_not_provisioned() -> None:
    world = await watched()
    world.directory.history[ENGINEERING] = [Member(user(1), "group", removed=False)]

    await look(world.context, a_look())

    assert await open_rows(world) == []


@virtual
async def test_an_expired_link_starts_from_now_and_says_so() -> None:
    world = await watched()
    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    world.directory.expired_links.add(cursor.link)
    world.directory.join(ENGINEERING, user(1))

    await look(world.context, a_look())
    world.directory.join(ENGINEERING, user(2))
    await look(world.context, a_look())

    assert await open_rows(world) == [(user(2), Action.ADDED)]
    assert world.results("look")[0] == "restarted"


@virtual
async def test_a_group_that_no_target_watches_is_not_read() -> None:
    world = World()

    await look(world.context, a_look())

    assert world.results("look") == ["not_watched"]


@virtual
async def test_a_look_that_finds_nothing_costs_one_read_of_the_store() -> None:
    world = await watched()
    before = await cursors.load(world.store, ENGINEERING)
    world.store = counting = CountingStore(world.store)

    await look(world.context, a_look())

    assert counting.requests == 1
    assert await cursors.load(world.store, ENGINEERING) == before


@virtual
async def test_the_link_of_a_group_in_which_nothing_happens_is_renewed_once_a_day() -> None:
    world = await watched()
    before = await cursors.load(world.store, ENGINEERING)

    await asyncio.sleep(timedelta(hours=23).total_seconds())
    await look(world.context, a_look())
    assert await cursors.load(world.store, ENGINEERING) == before
    await asyncio.sleep(timedelta(hours=1).total_seconds())
    await look(world.context, a_look())

    after = await cursors.load(world.store, ENGINEERING)
    assert before is not None
    assert after is not None
    assert after.origin > before.origin
