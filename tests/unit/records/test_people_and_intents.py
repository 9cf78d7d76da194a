"""What is remembered of a person, how removals are counted anew, and many intents at once."""

from dataclasses import replace
from datetime import timedelta

from hasten.domain.changes import Cause
from hasten.domain.intents import Intent, Wanted
from hasten.records.intents import Intents
from hasten.records.people import (
    MAPPING,
    MOST_GROUPS_STORED,
    MOST_NAMES_STORED,
    LatestJoin,
    People,
    Person,
)
from hasten.records.recent_removals import WHOLE_TARGET, RecentRemovals
from hasten.records.repository import Repository
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user

SECOND = timedelta(seconds=1)


@virtual
async def test_the_newest_groups_of_a_person_are_kept_and_few_of_their_names() -> None:
    store, count = MemoryStore(), MOST_GROUPS_STORED + 1
    people, planted = People(store), MOST_GROUPS_STORED - MOST_NAMES_STORED
    joins = {
        f"g{number}": LatestJoin(time=START + number * SECOND, cause="c")
        for number in range(planted)
    }
    await Repository(store, MAPPING).update(
        [Person(target=TOTAL, user=user(1), joined=joins)], lambda _, new: new
    )
    for number in range(planted, count):
        joined = LatestJoin(time=START + number * SECOND, cause="c", name=f"n{number}")
        await people.join(TOTAL, f"g{number}", [user(1)], joined)

    person = await people.find(TOTAL, user(1))

    assert person is not None
    assert set(person.joined) == {f"g{number}" for number in range(1, count)}
    named = {group for group, event in person.joined.items() if event.name}
    assert named == {f"g{number}" for number in range(count - MOST_NAMES_STORED, count)}
    await people.defer(TOTAL, [user(1)], "member", [f"g{n}" for n in range(count)], START)
    await people.defer(TOTAL, [user(1)], "member", ["g0"], START - SECOND)
    later = await people.find(TOTAL, user(1))
    assert later is not None
    assert len(later.later) == MOST_GROUPS_STORED
    assert set(later.later.values()) == {START}
    await people.defer(TOTAL, [user(1)], "member", ["a"], START + SECOND)
    newest = await people.find(TOTAL, user(1))
    assert newest is not None
    assert newest.later["member|a"] == START + SECOND


@virtual
async def test_an_older_event_about_a_person_changes_nothing() -> None:
    people = People(MemoryStore())
    new, old = (LatestJoin(time=START - age, cause=f"{age}") for age in (SECOND * 0, SECOND))
    await people.join(TOTAL, "g", [user(1)], new)
    await people.leave(TOTAL, [user(1)], START)

    await people.join(TOTAL, "g", [user(1)], old)
    known = (await people.leave(TOTAL, [user(1)], START - SECOND))[user(1)]
    assert (known.joined["g"], known.left_at) == (new, START)
    same = replace(new, cause="same time")
    known = (await people.join(TOTAL, "g", [user(1)], same))[user(1)]
    assert known.joined["g"] == same
    await people.defer(TOTAL, [user(1)], Wanted.MEMBER, ["g"], START + 2 * SECOND)
    known = (await people.join(TOTAL, "g", [user(1)], replace(new, time=START + SECOND)))[user(1)]
    assert known.joined["g"] == same
    assert await people.forget(TOTAL, START, deferred_before=START) == 0
    later, deferred = START + 3 * SECOND, START + 2 * SECOND
    assert await people.forget(TOTAL, later, deferred_before=deferred) == 0


@virtual
async def test_what_an_operator_decided_about_one_group_or_all_is_counted_anew() -> None:
    removals = RecentRemovals(MemoryStore())
    await removals.count(TOTAL, {"g": [user(1)], "h": [user(2)]}, START)

    await removals.forget(TOTAL, "g")
    left = await removals.count(TOTAL, {}, START)
    await removals.forget(TOTAL, WHOLE_TARGET)
    none = await removals.count(TOTAL, {}, START)

    assert (left.groups, none.groups) == ({"h": 1}, {})


@virtual
async def test_more_intents_than_one_commit_takes_are_recorded_each_once() -> None:
    store = MemoryStore()
    intents = Intents(store)
    given = [
        Intent(
            target=TOTAL,
            group=ENGINEERING,
            user=user(number),
            wanted=Wanted.MEMBER,
            time=START,
            cause=Cause("/hr", "1"),
            recorded_at=START,
        )
        for number in range(41)
    ]

    recorded = await intents.record(given)

    assert [intent for intent, _ in recorded] == given
    assert store.commits == 3
    assert len(await intents.open_intents(TOTAL)) == 41
