"""The part of an event whose people were not read comes again, with its dates and its id, and does
not wait in silence."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.errors import TemporaryError
from hasten.onboard.message import END_OF, OF_PEOPLE, TRIES
from hasten.onboard.unread import MAX_QUIET_TRIES
from hasten.ports.bus import ONBOARDING_EVENTS
from tests.support.crashing import CrashingBus, CrashingStore, Fuse, Killed
from tests.support.posting import (
    ENSURE_GROUP,
    GROUP,
    OFFBOARD,
    PROVISION,
    at,
    event,
    ref,
)
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.onboard.unread import ODD, UNREAD, data_of, parts, posting, spoil


@pytest.mark.parametrize(
    ("kind", "date"), [({"group": GROUP}, "startAt"), ({"kind": OFFBOARD}, "endAt")]
)
def test_the_dates_of_the_others_are_kept(kind: dict[str, Any], date: str) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        mend = spoil(world, "users", "E3", UNREAD)

        dated: dict[str, Any] = {**kind, date: at(3600)}
        await world.posts(event(users=[ref(1), ODD], **dated))

        kept, part = sorted(world.sent_on(), key=lambda message: message.at or now(), reverse=True)
        assert data_of(kept)["users"] == [ref(1)]
        assert kept.about["users"] == [user(1)]
        assert kept.properties[OF_PEOPLE] == "2"
        assert data_of(part)["users"] == [ODD]
        assert part.at is not None
        assert part.at < now() + timedelta(minutes=1)
        mend()
        world.bus.sent.clear()
        await world.receives(part)
        [kept] = world.sent_on()
        assert kept.about["users"] == [user(3)]

    run()


@virtual
async def test_a_date_of_people_who_are_not_read_waits_whole() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    with pytest.raises(TemporaryError):
        await world.posts(event(users=[ODD], group=GROUP, startAt=at(3600)))

    assert not world.bus.sent


@pytest.mark.parametrize(
    ("tries", "told"), [(MAX_QUIET_TRIES - 1, []), (MAX_QUIET_TRIES, ["waiting"])]
)
def test_an_event_that_waits_long_is_told_of(tries: int, told: list[str]) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        spoil(world, "users", "E3", UNREAD)

        with pytest.raises(TemporaryError):
            await world.posts(event(users=[ODD], group=GROUP), properties={TRIES: str(tries)})

        assert world.results("onboarding") == told

    run()


@virtual
async def test_a_part_that_others_go_before_each_time_is_told_of_too() -> None:
    """The event asks for the group itself as well, which is carried out at each try."""
    world = await posting()
    spoil(world, "users", "E3", UNREAD)
    given = event(ENSURE_GROUP, group=GROUP, members=[ODD])

    await world.posts(given)
    for tries in range(1, MAX_QUIET_TRIES + 1):
        [part] = parts(world)
        assert part.properties[TRIES] == str(tries)
        assert "waiting" not in world.results("onboarding")
        world.bus.sent.clear()
        await world.receives(part)

    assert "waiting" in world.results("onboarding")


@virtual
async def test_an_event_that_comes_again_gives_its_part_the_same_id() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)
    given = event(users=[ref(1), ODD], group=GROUP)

    for _ in range(2):
        await world.posts(given)
    await world.posts({**given, "id": "2"})

    first, again, other = [part.message_id for part in parts(world)]
    assert first == again != other


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step_loses_neither_the_others_nor_the_person(
    step: int, *, after: bool
) -> None:
    """Person, intent, wake, history, the part, and the event that was parked."""

    @virtual
    async def run() -> None:
        world = await posting(store=CrashingStore(), bus=CrashingBus())
        await world.adopts()
        mend = spoil(world, "users", "E3", UNREAD)
        assert isinstance(world.store, CrashingStore)
        assert isinstance(world.bus, CrashingBus)
        fuse = world.store.fuse = world.bus.fuse = Fuse(step, after=after)
        given = event(users=[ref(1), ODD, {"upn": "nobody"}], group=GROUP)

        try:
            await world.posts(given)
        except Killed:
            await world.posts(given)

        assert fuse.steps > step
        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
        assert {e["data"]["users"][0]["upn"] for e in world.parked_events()} == {"nobody"}
        mend()
        sent = {part.message_id: part for part in parts(world)}
        assert len(sent) == 1
        for part in parts(world):
            await world.receives(part)
        assert await world.wanted(ENGINEERING, 3) is Wanted.MEMBER
        assert len(await world.intents.open_intents(TOTAL)) == 2

    run()


SIZES: dict[str, dict[str, Any]] = {
    "end": {"group": GROUP, "endAt": "2026-12-24T09:00:00Z"},
    "start": {"group": GROUP, "startAt": "2026-12-24T09:00:00Z"},
    "second look": {"kind": OFFBOARD},
    "second look at a provisioning": {"kind": PROVISION},
}


@pytest.mark.parametrize("name", SIZES)
@virtual
async def test_each_part_of_an_event_knows_how_many_people_the_whole_one_names(name: str) -> None:
    """Otherwise the brake would take the end of a large onboarding for several small ones."""
    world = await posting()
    spoil(world, "users", "E3", UNREAD)

    await world.posts(event(users=[ref(1), ODD, ref(2)], **SIZES[name]))

    sent = world.bus.of(ONBOARDING_EVENTS)
    assert len(sent) >= 2
    assert {message.properties[OF_PEOPLE] for message in sent} == {"3"}


@virtual
async def test_the_end_of_a_part_removes_as_many_people_as_the_whole_event() -> None:
    world = await posting()
    spoil(world, "users", "E3", UNREAD)
    await world.posts(event(users=[ref(1), ODD, ref(2)], **SIZES["end"]))
    [end] = [m for m in world.bus.of(ONBOARDING_EVENTS) if END_OF in m.properties]
    assert end.at is not None
    await asyncio.sleep((end.at - now()).total_seconds())

    await world.receives(end)

    leaving = await world.context.intents.open_intents(TOTAL)
    assert {(one.user, one.people) for one in leaving if one.wanted is Wanted.ABSENT} == {
        (user(1), 3),
        (user(2), 3),
    }
