"""Service Bus drops equal looks of one bucket: the one that it keeps reads again at the end."""

import asyncio
from dataclasses import replace

import pytest

from hasten.domain.changes import Action, FoundBy
from hasten.ports.bus import DIRECTORY_CHANGES
from hasten.watch.look import MAX_WAITING_LOOKS, look
from hasten.watch.look_messages import LOOK_BUCKET, bucket_end
from tests.support.looking import SlowToAnswer, a_look, open_rows, watched
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user


@virtual
async def test_a_look_reads_again_at_the_end_of_its_bucket_and_finds_what_came_since() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    noticed = replace(a_look(added=(user(1),)), noticed_at=now())
    looking = asyncio.create_task(look(world.context, noticed))
    await asyncio.sleep(0.5)
    assert await open_rows(world) == [(user(1), Action.ADDED)]
    world.directory.leave(ENGINEERING, user(1))  # Service Bus drops its equal message

    await looking

    assert now() == bucket_end(noticed.noticed_at)
    assert await open_rows(world) == [(user(1), Action.REMOVED)]
    assert world.bus.of(DIRECTORY_CHANGES) == []


@virtual
async def test_only_a_few_looks_wait_in_place_and_the_others_come_again() -> None:
    """They must not fill the slots of the function."""
    world = await watched()
    context = world.context
    context._directory = SlowToAnswer(world.directory, seconds=0.01)
    noticed = replace(a_look(), noticed_at=now())
    waiting = [asyncio.create_task(look(context, noticed)) for _ in range(MAX_WAITING_LOOKS)]
    await asyncio.sleep(0.5)

    for hinted in ((user(1),), (user(2),), ()):
        await look(context, replace(noticed, added=frozenset(hinted)))

    assert now() - noticed.noticed_at < LOOK_BUCKET
    last = [m for m in world.bus.of(DIRECTORY_CHANGES) if m.message_id.endswith(":end")]
    assert {(m.message_id, m.at) for m in last} == {
        (last[0].message_id, bucket_end(noticed.noticed_at))
    }
    await asyncio.gather(*waiting)
    assert context.looks_waiting == 0


@pytest.mark.parametrize("found_by", sorted(set(FoundBy) - {FoundBy.NOTIFICATION}))
@virtual
async def test_a_look_that_no_notification_asked_for_is_not_repeated(found_by: FoundBy) -> None:
    world = await watched()

    await look(world.context, replace(a_look(), noticed_at=now(), found_by=found_by))

    assert world.bus.of(DIRECTORY_CHANGES) == []
