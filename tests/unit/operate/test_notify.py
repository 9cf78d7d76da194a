"""Messages to people follow the sealed history: none is lost, a storm is one, and a destination
that fails hinders nobody."""

from datetime import timedelta

import pytest

from hasten.errors import TemporaryError
from hasten.operate.notify import PARKED
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.records import destinations
from tests.support.notified import DOWN, GONE, Office, begun, team
from tests.support.virtual_time import virtual
from tests.support.world import user


@virtual
async def test_what_happens_is_posted_within_a_minute_and_once() -> None:
    world = await begun()

    await world.happens(1)
    await world.ticks(5)

    assert world.counts() == [1]
    [sent] = world.notifier.posted["team"]
    assert sent.lines[0].people == user(1)
    assert sent.link == "https://hasten.example/api/ui/"


@virtual
async def test_a_new_destination_gets_nothing_of_the_past() -> None:
    world = Office()
    await world.happens(1, 2)

    await world.ticks(3)

    assert world.counts() == []


@virtual
async def test_a_storm_of_a_thousand_outcomes_is_one_message() -> None:
    world = await begun()

    await world.happens(*range(1000))
    await world.ticks(5)

    assert world.counts() == [1000]


@virtual
async def test_a_destination_gets_at_most_one_message_in_its_minutes() -> None:
    world = await begun(minutes=30)

    for number in range(60):
        await world.happens(number)
        await world.ticks()

    assert world.notifier.tries["team"] == 2
    assert sum(world.counts()) >= 30


@virtual
async def test_after_an_outage_one_message_is_about_everything() -> None:
    world = await begun()
    world.notifier.errors["team"] = [DOWN] * 4

    for number in range(20):
        await world.happens(number)
        await world.ticks()
    await world.ticks(30)

    assert world.notifier.tries["team"] <= 10
    assert sum(world.counts()) == 20
    assert world.counts()[0] > 10


@virtual
async def test_a_destination_that_fails_delays_no_other() -> None:
    world = Office(destinations=(team(), team(name="other", address="HASTEN_NOTIFY_OTHER")))
    await world.ticks()
    world.notifier.errors["team"] = [DOWN] * 9

    await world.happens(1)
    await world.ticks(3)

    assert world.counts("other") == [1]
    assert world.counts("team") == []


@virtual
async def test_a_destination_that_fails_for_hours_is_parked_with_one_alert_to_the_others() -> None:
    world = Office(destinations=(team(), team(name="other", address="HASTEN_NOTIFY_OTHER")))
    await world.ticks()
    world.notifier.errors["team"] = [DOWN] * 99

    await world.happens(1)
    await world.ticks(9 * 60)

    assert world.notifier.tries["team"] < 20
    assert world.results("notice").count("parked") >= 2
    alerts = [m for m in world.bus.of(PROVISIONING_OUTCOMES) if m.body["data"]["result"] == PARKED]
    assert len(alerts) == 1
    [told] = [n for n in world.notifier.posted["other"] if "parked" in n.lines[0].text]
    assert told.is_alert
    assert told.lines[0].reason == "team: no answer"


@virtual
async def test_an_address_that_is_gone_is_parked_soon_and_comes_back_by_itself() -> None:
    world = await begun()
    world.notifier.errors["team"] = [GONE] * 3

    await world.happens(1)
    await world.ticks(10)
    assert world.results("notice") == ["failed", "failed", "parked"]
    await world.ticks(61)

    assert world.results("notice")[-1] == "recovered"
    [sent] = world.notifier.posted["team"]
    assert sent.count == 2, "the outcome and the alert about the destination"
    progress = (await destinations.load_all(world.store))["team"]
    assert (progress.is_parked, progress.tries) == (False, 0)


@virtual
async def test_a_delay_that_the_destination_asks_for_is_kept() -> None:
    world = await begun()
    world.notifier.errors["team"] = [TemporaryError("429", timedelta(minutes=20))]

    await world.happens(1)
    await world.ticks(19)
    assert world.notifier.tries["team"] == 1
    await world.ticks(3)

    assert world.counts() == [1]


@pytest.mark.parametrize("error", [DOWN, GONE, RuntimeError("a bug")])
def test_no_destination_hinders_the_seal(error: Exception) -> None:
    @virtual
    async def check() -> None:
        world = await begun()
        world.notifier.errors["team"] = [error]
        await world.happens(1)
        before = (await world.context.seals.head()).number

        try:
            await world.ticks()
        except RuntimeError:
            assert isinstance(error, RuntimeError)

        assert (await world.context.seals.head()).number == before + 1

    check()


@virtual
async def test_a_crash_after_the_post_repeats_the_message_and_loses_none() -> None:
    world = await begun()
    await world.happens(1)
    before = (await destinations.load_all(world.store))["team"]
    await world.ticks()
    after = (await destinations.load_all(world.store))["team"]

    crashed = destinations.Progress(
        name="team", cursor=before.cursor, due_at=before.due_at, etag=after.etag
    )
    await destinations.save(world.store, crashed)
    await world.ticks()

    first, second = world.notifier.posted["team"]
    assert first.id == second.id
    assert world.counts() == [1, 1]


@virtual
async def test_names_are_read_only_where_they_are_wanted() -> None:
    world = await begun(names=True)
    world.directory.has_user(user(1))
    world.directory.change(user(1), displayName="Ada Example")

    await world.happens(1)
    await world.ticks()

    [sent] = world.notifier.posted["team"]
    assert sent.lines[0].people == f"Ada Example ({user(1)})"


@virtual
async def test_without_a_destination_nothing_is_read() -> None:
    world = Office(destinations=())

    await world.happens(1)
    await world.ticks(2)

    assert await destinations.load_all(world.store) == {}
