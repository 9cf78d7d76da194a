"""Somebody joins a group just after Hasten recorded their removal, as an event wanted it: the look
reads the slice of history that the removal is in."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, State
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.records import cursors
from hasten.watch.look import look, start_watching
from tests.support.looking import a_look
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user


@pytest.mark.parametrize("state", [State.PENDING, State.IN_SYNC, State.CONFIRMED])
@pytest.mark.parametrize("is_member", [True, False], ids=["joins", "a replica lags"])
@virtual
async def test_who_joins_gets_the_access_and_nobody_whom_only_a_lagging_replica_shows(
    state: State,
    is_member: bool,  # noqa: FBT001 - a case
) -> None:
    world = World()
    await world.is_discovered()
    await start_watching(world.context, ENGINEERING)
    cursor = await cursors.load(world.store, ENGINEERING)
    assert cursor is not None
    row = found(ENGINEERING, user(1), Action.REMOVED, cursor.origin)
    await world.ledger.record([replace(row, ahead=True, state=state)])
    await asyncio.sleep(80)

    world.directory.join(ENGINEERING, user(1))
    await look(world.context, a_look())
    if not is_member:
        world.directory.leave(ENGINEERING, user(1))
    for _ in range(10):
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)

    last = await world.ledger.find(TOTAL, ENGINEERING, user(1))
    assert last is not None
    assert last.action is (Action.ADDED if is_member else Action.REMOVED)
    assert not last.is_open
