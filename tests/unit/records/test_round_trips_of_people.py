"""What is stored of the people of a target comes back as it was written."""

from dataclasses import replace
from datetime import timedelta

from hasten.domain.changes import Cause
from hasten.domain.sightings import Presence, Sighting
from hasten.records import (
    people_cursor,
    people_refusal,
    policy_left_out,
)
from hasten.records.people_cursor import PeopleCursor
from hasten.records.people_refusal import SubscriptionRefusal
from hasten.records.policy_left_out import MAX_PEOPLE_STORED, LeftOut
from hasten.records.roster import Roster
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user

LATER = START + timedelta(hours=1)
CAUSE = Cause("/hr", "1")


@virtual
async def test_the_cursor_of_people_comes_back_until_it_is_forgotten() -> None:
    store = MemoryStore()
    assert await people_cursor.load(store) is None
    await people_cursor.save(store, PeopleCursor("l", ("mail",)))
    known = await people_cursor.load(store)
    assert known is not None
    assert (known.link, known.properties) == ("l", ("mail",))
    await people_cursor.forget(store, known)
    assert await people_cursor.load(store) is None


@virtual
async def test_a_refusal_of_the_subscription_to_users_comes_back_until_it_is_forgotten() -> None:
    store = MemoryStore()
    assert await people_refusal.load(store) is None
    refusal = SubscriptionRefusal(reason="403", next_action="n", at=START)
    for one in (refusal, replace(refusal, at=LATER)):
        await people_refusal.save(store, one)
        assert await people_refusal.load(store) == one
    await people_refusal.forget(store)
    await people_refusal.forget(store)
    assert await people_refusal.load(store) is None


@virtual
async def test_at_most_two_hundred_people_left_out_are_stored_and_only_if_they_differ() -> None:
    store = MemoryStore()
    people = [
        LeftOut(group=ENGINEERING, user=user(number), sources=["A"])
        for number in range(MAX_PEOPLE_STORED + 1)
    ]
    await policy_left_out.save(store, TOTAL, [])
    assert store.commits == 0
    for _ in range(2):
        await policy_left_out.save(store, TOTAL, people)
    assert store.commits == 1
    assert await policy_left_out.load(store, TOTAL) == people[:MAX_PEOPLE_STORED]
    await policy_left_out.save(store, TOTAL, [])
    assert await policy_left_out.load(store, TOTAL) == []


@virtual
async def test_the_roster_keeps_each_person_until_they_are_forgotten() -> None:
    store = MemoryStore()
    roster = Roster(store)
    seen = Sighting(presence=Presence.DISABLED, digest="d", origin=7)
    people = [user(number) for number in range(200)]
    await roster.add(TOTAL, people, START)
    await roster.change(TOTAL, {user(1): lambda _: seen, user(2): lambda _: None})
    commits = store.commits
    await roster.add(TOTAL, people[3:], LATER)
    assert store.commits == commits

    known = await roster.load(TOTAL)

    assert known[user(1)] == await roster.find(TOTAL, user(1)) == seen
    assert await roster.find(TOTAL, user(2)) is None
    assert set(known) == set(people) - {user(2)}
    assert await Roster(store).find("WIKI", user(1)) is None
    await roster.forget(TOTAL)
    assert await roster.load(TOTAL) == {}


@virtual
async def test_the_roster_of_a_target_takes_the_place_of_that_of_another() -> None:
    roster = Roster(MemoryStore())
    await roster.add(TOTAL, [user(1)], START)
    await roster.add("HEIR", [user(number) for number in range(2, 9)], START)

    await roster.copy(TOTAL, "HEIR")

    assert set(await roster.load("HEIR")) == {user(1)}
