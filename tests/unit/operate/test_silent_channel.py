"""A channel that is set up well and brings nothing: only what the timers find shows it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import FoundBy
from hasten.messages import Wake
from hasten.operate.health import app_health
from hasten.operate.silent_channel import report_silence, silence
from hasten.provision.drain import drain
from hasten.records.signs import Sign
from hasten.watch.look import look
from tests.support.looking import a_look, watched
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, user

FIVE = timedelta(minutes=5)


async def finds(world: World, number: int, by: FoundBy = FoundBy.RECONCILE) -> None:
    """A member joins, and a look finds it; five minutes pass."""
    world.directory.join(ENGINEERING, user(number))
    await look(world.context, replace(a_look(), found_by=by))
    await asyncio.sleep(FIVE.total_seconds())


async def problems(world: World) -> list[str]:
    found = (await app_health(world.context)).problems
    return [one.found for one in found if "no notification" in one.found]


@virtual
async def test_changes_that_only_timers_find_are_reported_as_a_silent_channel() -> None:
    world = await watched()
    for number in range(1, 4):
        assert await problems(world) == []
        await finds(world, number)

    [found] = await problems(world)
    await report_silence(world.context)

    assert "so far, although the timers found changes 3 times" in found
    [told] = [event for event in world.events if event.name == "channel"]
    assert (told.problem, told.fields["missed"]) == (True, 3)


@virtual
async def test_the_report_ends_with_the_next_believed_notification_and_names_the_last_one() -> None:
    world = await watched()
    await world.context.signs.note(Sign.BELIEVED)
    await asyncio.sleep(60)
    for number in range(1, 5):
        await finds(world, number)
    [found] = await problems(world)
    assert "since 2026-11-24 09:00Z" in found

    await world.context.signs.note(Sign.BELIEVED)

    assert await problems(world) == []
    await finds(world, 9)
    assert await problems(world) == []


@virtual
async def test_notifications_that_come_between_are_no_silence() -> None:
    """Graph promises none of them: one that is late or lost is no broken channel."""
    world = await watched()
    for number in range(1, 8):
        await finds(world, number)
        if number % 2:
            await world.context.signs.note(Sign.BELIEVED)

    assert await problems(world) == []


@virtual
async def test_notifications_about_people_do_not_hide_that_those_about_groups_stopped() -> None:
    world = await watched()
    for number in range(1, 4):
        await finds(world, number)
        await world.context.signs.note(Sign.BELIEVED, is_of_group=False)

    [found] = await problems(world)
    assert "so far" in found
    await world.context.signs.note(Sign.BELIEVED)
    assert await problems(world) == []


@virtual
async def test_a_burst_within_one_reconcile_is_no_silence() -> None:
    world = await watched()
    for number in range(1, 8):
        world.directory.join(ENGINEERING, user(number))
        await look(world.context, replace(a_look(), found_by=FoundBy.RECONCILE))

    assert await silence(world.context) is None


@pytest.mark.parametrize("by", sorted(set(FoundBy) - {FoundBy.RECONCILE}))
@virtual
async def test_what_others_find_says_nothing_about_the_channel(by: FoundBy) -> None:
    world = await watched()
    for number in range(1, 8):
        await finds(world, number, by)

    assert await problems(world) == []


@virtual
async def test_a_reconcile_that_finds_nothing_new_says_nothing_about_the_channel() -> None:
    world = await watched()
    for _ in range(8):
        await look(world.context, replace(a_look(), found_by=FoundBy.RECONCILE))
        await asyncio.sleep(FIVE.total_seconds())

    assert await problems(world) == []


async def looks(world: World, by: FoundBy) -> None:
    """A look, and the calls that follow from it; five minutes pass."""
    await look(world.context, replace(a_look(), found_by=by))
    await drain(world.context, Wake(target=TOTAL))
    await asyncio.sleep(FIVE.total_seconds())


@pytest.mark.parametrize("action", ["joined", "left"])
@virtual
async def test_changes_that_a_delta_repeats_say_nothing_about_the_channel(action: str) -> None:
    """In a quiet night they are all that the timer finds."""
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    await looks(world, FoundBy.NOTIFICATION)
    if action == "left":
        world.directory.leave(ENGINEERING, user(1))
        await looks(world, FoundBy.NOTIFICATION)
    history = world.directory.history[ENGINEERING]
    for _ in range(8):
        history.append(history[-1])
        await looks(world, FoundBy.RECONCILE)

    found = [event for event in world.events if (event.name, event.result) == ("change", "found")]
    assert len(found) > 8
    assert await problems(world) == []


@virtual
async def test_new_changes_among_repeated_ones_show_a_silent_channel() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    await looks(world, FoundBy.NOTIFICATION)
    history = world.directory.history[ENGINEERING]
    for number in range(2, 5):
        history.append(history[0])
        world.directory.join(ENGINEERING, user(number))
        await looks(world, FoundBy.RECONCILE)

    [found] = await problems(world)

    assert "the timers found changes 3 times" in found


@virtual
async def test_a_silence_of_long_ago_is_not_reported_for_ever() -> None:
    world = await watched()
    for number in range(1, 5):
        await finds(world, number)
    await asyncio.sleep(timedelta(hours=25).total_seconds())

    assert await problems(world) == []
