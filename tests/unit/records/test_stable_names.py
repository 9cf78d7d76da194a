"""An id, a digest or a key is the same in every version of Hasten, so that an app that was updated
finds what it has stored and an outcome that is sent again counts once."""

from datetime import UTC, datetime, timedelta

from hasten.domain import attributes
from hasten.domain.changes import Cause
from hasten.domain.follow_ups import FollowUp, What
from hasten.domain.history import Entry, EntryKind, entry_id
from hasten.domain.history_chain import digest_of, sealed
from hasten.domain.intents import group_key, key
from hasten.domain.outcomes import of_alert, of_change, of_event
from hasten.domain.sightings import Sighting, milliseconds
from hasten.ports.store import Put
from hasten.records import failures, people, subscriptions
from hasten.records.first_times import FIRST_TIMES_COLLECTION, first_times
from hasten.records.history_keys import (
    day_key,
    day_of,
    first_key,
    key_of,
    mark_of,
    time_of,
)
from hasten.records.history_seals import page_key, seal_key
from hasten.records.lease_record import WorkKind
from hasten.records.lease_record import key_of as lease_key
from hasten.records.recent_removals import RECENT_REMOVALS_COLLECTION, RecentRemovals
from hasten.records.roster import ROSTER_COLLECTION, Roster
from hasten.records.unread_members import UnreadSlice
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user
from tests.unit.domain.rows import GROUPS, NOW, USERS, change

CAUSE = Cause("/hr", "1")
AT = datetime(2026, 3, 2, 9, 0, 0, 7, tzinfo=UTC)
ENTRY = Entry(id="e", at=AT, kind=EntryKind.OUTCOME)
FOLLOW_UP = FollowUp(
    what=What.RESUME,
    target="TOTAL",
    user=USERS[0],
    cause=CAUSE,
    event_time=NOW,
    asked_at=NOW,
    due_at=NOW,
)


def test_each_name_stays_the_same() -> None:
    event = of_event(
        CAUSE,
        target="TOTAL",
        group=GROUPS[0],
        user=USERS[0],
        result="rejected",
        reason="r",
        next_action="n",
        now=NOW,
    )
    alert = of_alert("a", target="TOTAL", group="", reason="r", next_action="n", key="k", now=NOW)
    seal = sealed(
        "0" * 64, 1, at=AT, day="2026-03-02", keys=["a", "b"], bodies=[{"x": 1}, {"y": 2}]
    )
    names = [
        (entry_id("a", "b"), "0eab8a0a3380abf4c7d1fb0b43b66aaf"),
        (
            digest_of({"b": 1, "a": "ä"}),
            "78892fb919682f85e08161f2cd8e0e904520a093cd75421077a1c865e59e90c6",
        ),
        (seal.entries, "5bd78faa6aca00303b57e26fee4aef12f0cf4d1264ba9d305221a75e34ce4275"),
        (seal.digest, "74d4f38c29226cec502afbf41dc28655596ecdc6ae9008bb518fc2623371cc79"),
        (group_key("TOTAL-Ärzte"), "name:5474b47fe1d0c44c1b53767ad7291d04"),
        (key("g", "u"), "g|u"),
        (key("g", "u", in_step=True), "g|u|in_step"),
        (FOLLOW_UP.key, "resume|3ed03cb8c6214bd76c3baf08a2c794dd"),
        (of_change(change()).id, "01fb888232ab193057e7d9f08479958e"),
        (event.id, "18d91858be57d8e0fcc0e254ef97b551"),
        (alert.id, "0679a6ba30d3abc019687cd8a988da5e"),
        (
            attributes.digest({"mail": ["b", "a"]}, ("mail",), "key"),
            "61136aa7.613a7b6177eaf2a2d0b6",
        ),
        (people.digest_of(CAUSE), "e1f58cb046ceeab4659d6cd4cbfa14de"),
        (subscriptions.mark("secret"), "2bb80d537b1da3e3"),
        (key_of(ENTRY), "8227557999999993|e"),
        (mark_of(ENTRY), "new|1772442000000007|e"),
        (first_key(AT), "8227557999999993"),
        (day_key("2026-03-02"), "79739697"),
        (seal_key(7), "seal|000000000007"),
        (page_key(7), "page|000000000007"),
        (lease_key(WorkKind.DRAIN), "lease|drain"),
        (lease_key(WorkKind.ENSURE), "lease|ensure"),
        (
            failures.put(change(), AT).key,
            f"failed|8227557999999993|{GROUPS[0]}|{USERS[0]}",
        ),
        (
            UnreadSlice(group="g", link="", origin=5, noticed_at=AT, members=()).key,
            "g|5",
        ),
    ]
    assert [name for name, _ in names] == [known for _, known in names]


def test_the_day_of_a_time_is_that_of_utc() -> None:
    assert day_of(datetime.fromisoformat("2026-03-02T01:00:00+02:00")) == "2026-03-01"


def test_the_key_of_an_entry_gives_its_time_to_the_microsecond() -> None:
    assert time_of(key_of(ENTRY)) == AT
    assert time_of(first_key(AT)) == AT


def test_the_origin_of_a_sighting_counts_milliseconds() -> None:
    assert milliseconds(AT) == 1772442000000
    seen = Sighting(origin=milliseconds(AT))
    assert seen.age(AT + timedelta(minutes=2)) == timedelta(minutes=2, microseconds=7)


@virtual
async def test_the_first_time_of_an_id_is_where_an_earlier_version_wrote_it() -> None:
    store = MemoryStore()
    put = Put("12ab", {"at": START.isoformat()})
    await store.commit(FIRST_TIMES_COLLECTION, "1", [put])

    assert await first_times(store, {"12ab": START + timedelta(hours=1)}) == {"12ab": START}


@virtual
async def test_a_person_is_in_the_document_of_the_roster_that_an_earlier_version_wrote() -> None:
    body = {"target": TOTAL, "number": 47, "people": {user(1): ["present", "d", 7]}}
    store = MemoryStore()
    await store.commit(ROSTER_COLLECTION, TOTAL, [Put("047", body)])

    assert await Roster(store).find(TOTAL, user(1)) == Sighting(digest="d", origin=7)


@virtual
async def test_a_leaver_that_an_earlier_version_counted_counts_once() -> None:
    """The document is one that Hasten has written for this user."""
    body = {
        "target": TOTAL,
        "group": ENGINEERING,
        "number": 31,
        "left": {"2f006069ecd4": int(START.timestamp())},
    }
    store = MemoryStore()
    put = Put(f"left|{ENGINEERING}|031", body)
    await store.commit(RECENT_REMOVALS_COLLECTION, TOTAL, [put])

    tally = await RecentRemovals(store).count(TOTAL, {ENGINEERING: [user(1)]}, START)

    assert (tally.groups, tally.people) == ({ENGINEERING: 1}, 1)
    assert len(await store.scan(RECENT_REMOVALS_COLLECTION, TOTAL)) == 1
