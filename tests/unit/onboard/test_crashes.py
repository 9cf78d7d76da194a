"""A host that is killed between any two steps of taking an event loses nothing of it."""

from datetime import timedelta

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import REJECTED, STALE
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.ports.bus import ENSURE
from tests.support.crashing import CrashingBus, CrashingStore, Fuse, Killed
from tests.support.posting import GROUP, OFFBOARD, Posting, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

STEPS_TO_ONBOARD = 7
"""End, person, intent, wake, park, and two outcomes."""

STEPS_TO_OFFBOARD = 6
"""Person, intent, wake, second looks, park, and an outcome."""


async def crashed(fuse: Fuse) -> Posting:
    """A newer event about person 2 is known, and the bus and the store fail at the fuse."""
    world = Posting(store=CrashingStore(), bus=CrashingBus())
    await world.is_discovered()
    world.directory.join(ADMIN, user(4))
    world.directory.join(ENGINEERING, user(4))
    await world.posts(event(OFFBOARD, users=[ref(2)], groups=[GROUP], event_id="0"))
    world.bus.sent.clear()
    assert isinstance(world.store, CrashingStore)
    assert isinstance(world.bus, CrashingBus)
    world.store.fuse = world.bus.fuse = fuse
    return world


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(STEPS_TO_ONBOARD))
def test_an_onboarding_that_is_delivered_again_after_a_crash_is_whole(
    step: int, *, after: bool
) -> None:
    @virtual
    async def run() -> None:
        fuse = Fuse(step, after=after)
        world = await crashed(fuse)
        people = [ref(1), ref(2), {"upn": "nobody@x.example"}]
        given = event(users=people, group=GROUP, age=1, endAt=at(3600))

        try:
            await world.posts(given)
        except Killed:
            await world.posts(given)

        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
        assert await world.wanted(ENGINEERING, 2) is Wanted.ABSENT
        assert {json["data"]["users"][0]["upn"] for json in world.parked_events()} == {
            "nobody@x.example"
        }
        assert {message.at for message in world.sent_on()} == {now() + timedelta(hours=1)}
        assert world.bus.of(ENSURE)
        told = {message.message_id for message in world.bus.of("provisioning-outcomes")}
        assert {outcome["result"] for outcome in world.outcomes()} == {REJECTED, STALE}
        assert len(told) == 2
        assert fuse.steps > step

    run()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(STEPS_TO_OFFBOARD))
def test_an_offboarding_from_everything_is_whole_after_a_crash(step: int, *, after: bool) -> None:
    @virtual
    async def run() -> None:
        fuse = Fuse(step, after=after)
        world = await crashed(fuse)
        given = event(OFFBOARD, users=[ref(3), ref(4)])

        try:
            await world.posts(given)
        except Killed:
            await world.posts(given)
        await world.looks_again()

        assert await world.wanted(ENGINEERING, 4) is Wanted.ABSENT
        assert {json["data"]["groups"][0]["id"] for json in world.parked_events()} == {ADMIN}
        assert {(o["user"], o["result"]) for o in world.outcomes()} == {
            (user(3), "in_sync"),
            (user(4), REJECTED),
        }
        assert world.bus.of(ENSURE)
        assert fuse.steps > step
        age = REPLICATION_SETTLED_AFTER.total_seconds() + 1
        await world.posts(event(users=[ref(3)], group=GROUP, event_id="2", age=age))
        assert not [i for i in await world.intents.open_intents(TOTAL) if i.user == user(3)]

    run()
