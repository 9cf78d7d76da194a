"""Test messages to a destination, and what the doctor says about destinations."""

import pytest

from hasten.doctor.destinations import check_destinations
from hasten.doctor.findings import Level
from hasten.errors import PermanentError
from hasten.operate.try_destination import ask_for_trial
from tests.support.notified import GONE, Office, begun
from tests.support.virtual_time import virtual


@virtual
async def test_an_operator_gets_a_test_message_also_from_a_destination_that_is_parked() -> None:
    world = await begun()
    world.notifier.errors["team"] = [GONE] * 3
    await world.happens(1)
    await world.ticks(10)

    await ask_for_trial(world.context, "team")
    await world.ticks(3)

    test, waiting = world.notifier.posted["team"]
    assert (test.title, test.count) == ("Hasten: a test message", 0)
    assert waiting.count == 2


@virtual
async def test_a_test_message_that_fails_is_logged_and_not_repeated() -> None:
    world = await begun()
    world.notifier.errors["team"] = [GONE]

    await ask_for_trial(world.context, "team")
    await world.ticks(5)

    assert world.notifier.tries["team"] == 1
    assert world.results("notice") == ["failed"]


@virtual
async def test_a_destination_that_the_app_does_not_know_gets_none() -> None:
    with pytest.raises(PermanentError, match="does not know"):
        await ask_for_trial(Office().context, "team")


@virtual
async def test_the_doctor_says_which_destination_takes_no_messages() -> None:
    world = Office()
    [unknown] = await check_destinations(world.context)
    await world.ticks()
    [fine] = await check_destinations(world.context)
    world.notifier.errors["team"] = [GONE] * 3
    await world.happens(1)
    await world.ticks()
    [failing] = await check_destinations(world.context)
    await world.ticks(9)
    [parked] = await check_destinations(world.context)

    levels = [finding.level for finding in (unknown, fine, failing, parked)]
    assert levels == [Level.WARNING, Level.OK, Level.WARNING, Level.PROBLEM]
    assert "answered 404" in parked.found
    assert "HASTEN_NOTIFY_TEAM" in parked.fix
