"""Lists of everybody are read once a night. Hasten does not keep them in memory until the next."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hasten.domain.changes import Cause
from hasten.domain.intents import Intent, Recorded, Wanted
from hasten.domain.sightings import Sighting
from hasten.ports.store import Document
from hasten.records.intents import Intents
from hasten.records.people import LatestJoin, People, Person
from hasten.records.roster import Roster
from tests.fakes.memory_store import MemoryStore
from tests.support.reaching import reached

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
USERS = [f"user-{number}" for number in range(30)]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_the_people_of_events(store: MemoryStore) -> None:
    people = People(store)
    await people.join("TOTAL", "group", USERS[:20], LatestJoin(time=NOW, cause="1"))
    await people.leave("TOTAL", USERS[20:], NOW)
    later = NOW + timedelta(days=90)
    assert await people.forget("TOTAL", later, deferred_before=later) == 10
    assert reached(people, Person) == 0


async def test_the_roster(store: MemoryStore) -> None:
    roster = Roster(store)
    await roster.add("TOTAL", USERS, NOW)
    known = await roster.load("TOTAL")
    assert len(known) == 30
    assert reached(known, Sighting) > 0
    assert reached(roster, Sighting) == 0


async def test_the_memberships_that_are_done(store: MemoryStore) -> None:
    given = [
        Intent(
            target="TOTAL",
            group="group",
            user=user,
            wanted=Wanted.MEMBER,
            time=NOW,
            cause=Cause("/hr", "1"),
            recorded_at=NOW,
        )
        for user in USERS
    ]
    intents = Intents(store)
    await intents.record(given)
    opened = await intents.open_intents("TOTAL")
    assert len(await intents.finish(opened[:20], "succeeded")) == 20

    again = await intents.record(given)

    assert {recorded for _, recorded in again} == {Recorded.DUPLICATE}
    del opened, again
    await asyncio.sleep(0)  # the loop holds the result that it has just handed over
    assert (reached(intents, Intent), reached(intents, Document)) == (0, 0)
