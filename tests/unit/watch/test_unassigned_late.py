"""Somebody who leaves a group at the moment at which it is unassigned: one replica lists them no
more, and another does not report yet that they left."""

import asyncio
from dataclasses import replace
from unittest.mock import AsyncMock

import pytest

from hasten.context import Context
from hasten.domain.changes import Action
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.directory_values import MembershipDelta, UnreadMember
from hasten.records import cursors, discovered
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from hasten.watch.unread_members import read_unread
from tests.support.looking import ANOTHER, a_look
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

LEAVER = (ENGINEERING, user(0), Action.REMOVED)


async def unassigned_while_one_leaves(monkeypatch: pytest.MonkeyPatch) -> World:
    world = await swept()
    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    world.directory.leave(ENGINEERING, user(0))
    world.directory.groups.remove(ENGINEERING)
    silent = AsyncMock(return_value=MembershipDelta({}, cursor.link))
    with monkeypatch.context() as lagging:
        lagging.setattr(world.directory, "membership_delta", silent)
        await sweep(world.context)
    assert await open_rows(world) == {(ENGINEERING, user(n), Action.REMOVED) for n in range(1, 5)}
    return world


@virtual
async def test_a_later_sweep_revokes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    world = await unassigned_while_one_leaves(monkeypatch)

    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())
    await sweep(world.context)

    assert LEAVER in await open_rows(world)
    known = await discovered.load(world.store, TOTAL)
    assert known is not None
    assert known.unsettled == {}


@virtual
async def test_a_look_of_another_target_that_moves_the_cursor_revokes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await unassigned_while_one_leaves(monkeypatch)
    another = world.target.model_copy(update={"name": "ANOTHER"})
    await discovered.save(world.store, ANOTHER, over=None)
    cursor = await cursors.load(world.store, ENGINEERING)
    context = Context(world.context.settings, (world.target, another), world)

    await look(context, a_look())

    assert await cursors.load(world.store, ENGINEERING) != cursor
    assert LEAVER in await open_rows(world)


@virtual
async def test_whose_leaving_could_not_be_read_before_is_revoked_once_it_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await swept()
    world.directory.leave(ENGINEERING, user(0))
    delta = world.directory.membership_delta

    async def garbled(link: str) -> MembershipDelta:
        shown = await delta(link)
        unread = {group: [UnreadMember(user(0), "no type")] for group in shown.members}
        return replace(shown, members={}, unread=unread)

    with monkeypatch.context() as garbling:
        garbling.setattr(world.directory, "membership_delta", garbled)
        await look(world.context, a_look())
        world.directory.groups.remove(ENGINEERING)
        for _ in range(7):
            await sweep(world.context)
            await asyncio.sleep(60)
        await read_unread(world.context)
    await read_unread(world.context)

    assert LEAVER in await open_rows(world)


@virtual
async def test_that_the_link_has_expired_meanwhile_is_reported() -> None:
    """Who left before the group was unassigned is then left to Entra's cycle."""
    world = await swept()
    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    world.directory.leave(ENGINEERING, user(0))
    world.directory.groups.remove(ENGINEERING)
    world.directory.expired_links.add(cursor.link)

    await sweep(world.context)

    assert await open_rows(world) == {(ENGINEERING, user(n), Action.REMOVED) for n in range(1, 5)}
    assert world.results("look") == ["expired"]
