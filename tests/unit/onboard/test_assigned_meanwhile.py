"""Somebody is assigned directly just when an event opens their removal, because Hasten has not seen
them leave."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from hasten.domain.changes import DIRECT, Action, State
from hasten.errors import Conflict, TemporaryError
from hasten.onboard import join_unfinished
from hasten.operate.rows_of_person import rows_of_person
from hasten.ports.bus import PROVISIONING
from hasten.provision.drain import drain
from hasten.provision.on_request import new_row
from hasten.records import direct_assignments
from hasten.watch.admit import admit
from hasten.watch.sweep import sweep
from tests.support.posting import OFFBOARD, event, ref
from tests.support.verifying import WAKE
from tests.support.virtual_time import virtual
from tests.support.world import TOTAL, user
from tests.unit.onboard.unseen import AN_HOUR, CAUSE, row, unseen


@virtual
async def test_whoever_is_assigned_directly_just_after_gets_the_access_back() -> None:
    world = await unseen(on_roster=True)
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)  # from now on there is a cursor of direct assignments
    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.looks_again()
    await drain(world.context, WAKE)
    assert (await world.row(DIRECT, user(1))).state is State.SUCCEEDED
    await asyncio.sleep(30)

    world.directory.grant(user(1), kind="User")
    await sweep(world.context)

    given = await world.row(DIRECT, user(1))
    assert (given.action, given.state) == (Action.ADDED, State.PENDING)


@virtual
async def test_whoever_is_assigned_directly_while_an_event_opens_their_removal_gets_access() -> (
    None
):
    world = await unseen(on_roster=True)
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)  # from now on there is a cursor of direct assignments
    announce = direct_assignments.announce

    async def opening(*announced: Any) -> Any:
        """The event has read the assignments before this one was made."""
        direct, target = (DIRECT, ""), world.context.targets[TOTAL]
        removal = await new_row(
            world.context, target, direct, Action.REMOVED, CAUSE, at=world.context.now()
        )
        await admit(world.context, [replace(removal, user=user(1))])
        return await announce(*announced)

    world.directory.grant(user(1), kind="User")
    with patch.object(direct_assignments, "announce", opening), suppress(Conflict):
        await sweep(world.context)
    await sweep(world.context)

    given = await world.row(DIRECT, user(1))
    assert (given.action, given.state) == (Action.ADDED, State.PENDING)


@virtual
async def test_an_event_waits_whose_user_a_sweep_finds_assigned_just_after_it_read_the_rows() -> (
    None
):
    world = await unseen(on_roster=True)
    world.directory.grant(user(2), kind="User")
    await sweep(world.context)
    await world.posts(event(OFFBOARD, users=[ref(1)]))

    async def reading(*place: Any) -> Any:
        rows = await rows_of_person(*place)
        if await world.ledger.find(TOTAL, DIRECT, user(1)) is None:
            world.directory.grant(user(1), kind="User")
            await sweep(world.context)
        return rows

    with patch.object(join_unfinished, "rows_of_person", reading), pytest.raises(Conflict):
        await world.looks_again()

    given = await world.row(DIRECT, user(1))
    assert (given.action, given.state) == (Action.ADDED, State.PENDING)


@pytest.mark.parametrize("state", [State.PENDING, State.WAITING, State.SUCCEEDED, State.FAILED])
def test_an_event_waits_while_graph_may_not_show_everywhere_that_its_user_was_just_assigned(
    state: State,
) -> None:
    @virtual
    async def run() -> None:
        world = await unseen(on_roster=True)
        await world.context.roster.add(TOTAL, [user(2)], world.now())
        await world.posts(event(OFFBOARD, users=[ref(1), ref(2)]))
        given = replace(row(state, group=DIRECT), found_at=world.now() + timedelta(seconds=30))
        await world.ledger.record([given])

        with pytest.raises(TemporaryError, match="was assigned just now"):
            await world.looks_again()
        assert await world.ledger.find(TOTAL, DIRECT, user(1)) == given
        assert (await world.row(DIRECT, user(2))).is_removal
        assert (len(world.bus.of(PROVISIONING)), world.outcomes()) == (1, [])

        await asyncio.sleep(AN_HOUR.total_seconds())
        await world.looks_again()
        for number in (1, 2):
            opened = await world.row(DIRECT, user(number))
            assert (opened.action, opened.causes) == (Action.REMOVED, (CAUSE,))

    run()
