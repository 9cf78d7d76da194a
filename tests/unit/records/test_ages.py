"""The boundary of each time in the records of a directory: what is new, what old, and what due."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hasten.domain.long_ago import LONG_AGO
from hasten.json import Json
from hasten.limits import MAX_GROUPS_PER_DELTA, REPLICATION_SETTLED_AFTER
from hasten.ports.store import Document, Put
from hasten.records import (
    delta_batches,
    direct_assignments,
    unseen_groups,
)
from hasten.records.cursors import Cursor
from hasten.records.delta_batches import DeltaBatch
from hasten.records.discovered import ASSIGNMENT_FRESH_FOR, DiscoveredTarget
from hasten.records.made_groups import MadeGroup
from hasten.records.people import LatestJoin, Person
from hasten.records.unseen_groups import UNSEEN_GROUPS_COLLECTION
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import TOTAL, user

INSTANT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


def test_a_group_that_hasten_made_may_not_show_until_replicas_have_settled() -> None:
    group = MadeGroup("G", START, None, "e")

    assert group.may_not_show(START + REPLICATION_SETTLED_AFTER - INSTANT)
    assert not group.may_not_show(START + REPLICATION_SETTLED_AFTER)


def test_a_direct_assignment_that_hasten_wrote_may_not_show_until_replicas_have_settled() -> None:
    written = Document(user(1), {direct_assignments.WRITTEN_AT: START.isoformat()}, "e")
    seen = Document(user(1), {}, "e")

    settled = START + REPLICATION_SETTLED_AFTER
    assert direct_assignments.may_not_show(written, settled - INSTANT)
    assert not direct_assignments.may_not_show(written, settled)
    assert not direct_assignments.may_not_show(seen, START)


SETTLED = START - REPLICATION_SETTLED_AFTER
"""Since then all replicas show what was so."""


@pytest.mark.parametrize(
    ("body", "is_new"),
    [
        (None, True),
        ({}, False),
        ({direct_assignments.ARRIVING: True}, True),
        ({direct_assignments.WRITTEN_AT: START.isoformat()}, False),
        ({direct_assignments.WRITTEN_AT: "yesterday"}, True),
        ({direct_assignments.WRITTEN_AT: 7}, True),
        ({direct_assignments.REMOVED_AT: SETTLED.isoformat()}, True),
        ({direct_assignments.REMOVED_AT: (SETTLED + INSTANT).isoformat()}, False),
        ({direct_assignments.REMOVED_AT: "yesterday"}, True),
    ],
)
def test_an_assignment_is_new_until_its_change_is_recorded(
    body: Json | None, *, is_new: bool
) -> None:
    document = None if body is None else Document(user(1), body, "e")

    assert direct_assignments.is_new(document, START) is is_new


@pytest.mark.parametrize(
    ("body", "is_new"),
    [
        ({}, False),
        ({direct_assignments.REMOVED_AT: SETTLED.isoformat()}, True),
        ({direct_assignments.ARRIVING: True}, True),
    ],
)
@virtual
async def test_what_a_sweep_has_still_to_record_stays_when_hasten_assigns_the_user(
    body: Json, *, is_new: bool
) -> None:
    """Somebody assigned by hand whom one event removes and the next one assigns again, or who was
    assigned by hand a moment ago."""
    store = MemoryStore()
    place = (direct_assignments.DIRECT_ASSIGNMENTS_COLLECTION, TOTAL)
    await store.commit(*place, [Put(user(1), body)])

    await direct_assignments.note(store, TOTAL, user(1), START)

    document = await store.get(*place, user(1))
    assert document is not None
    assert direct_assignments.is_new(document, START) is is_new
    assert direct_assignments.may_not_show(document, START)


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"at": 7}', '{"at": "yesterday"}', '{"at": "2026-11-24T09:00:00"}']
)
@virtual
async def test_a_group_whose_note_cannot_be_read_was_noted_long_ago(text: str) -> None:
    store = MemoryStore()
    await unseen_groups.note(store, TOTAL, ["a"], START)
    store.plant(UNSEEN_GROUPS_COLLECTION, TOTAL, "b", text)

    known = await unseen_groups.load(store, TOTAL)

    assert {group: noted.noted_at for group, noted in known.items()} == {
        "a": START,
        "b": LONG_AGO,
    }
    await unseen_groups.forget(store, TOTAL, known)
    assert await unseen_groups.load(store, TOTAL) == {}


def test_an_assignment_is_fresh_for_ten_minutes_and_one_that_no_sweep_saw_is() -> None:
    known = DiscoveredTarget(
        target=TOTAL,
        service_principal="p",
        job="j",
        user_rule=None,
        group_rule=None,
        groups=("new", "old"),
        assigned_at={"new": START.isoformat()},
    )
    ends = START + ASSIGNMENT_FRESH_FOR

    assert not known.is_fresh("new", START - INSTANT)
    assert known.is_fresh("new", START)
    assert known.is_fresh("new", ends - INSTANT)
    assert not known.is_fresh("new", ends)
    assert not known.is_fresh("old", START)
    assert known.is_fresh("unseen", ends)


def test_a_batch_has_room_below_the_limit_of_graph() -> None:
    groups = [f"{number:03}" for number in range(MAX_GROUPS_PER_DELTA + 1)]
    full = DeltaBatch(key="1", groups=groups[:-1], link="l")

    assert (full.has_room, replace(full, groups=groups[1:-1]).has_room) == (False, True)
    assert [len(part) for part in delta_batches.split(groups)] == [MAX_GROUPS_PER_DELTA, 1]
    assert [len(part) for part in delta_batches.split(groups[:-1])] == [MAX_GROUPS_PER_DELTA]
    assert full.of(["000", "x"]) == ["000"]
    assert delta_batches.free_keys(["00000", "00002"], 2) == ["00001", "00003"]
    assert delta_batches.free_keys([], 1) == ["00000"]


@virtual
async def test_a_batch_comes_back_with_its_time_and_one_of_an_older_version_without() -> None:
    store = MemoryStore()
    batch = DeltaBatch(key="00000", groups=("a",), link="l").moved("m", START)
    await delta_batches.save(store, batch)
    old = Put("00001", {"groups": ["b"], "link": "l"})
    place = (delta_batches.DELTA_BATCHES_COLLECTION, delta_batches.DELTA_BATCHES_PARTITION)
    await store.commit(*place, [old])

    read = await delta_batches.load_all(store)

    assert [(one.groups, one.link, one.saved_at) for one in read] == [
        (("a",), "m", START),
        (("b",), "l", LONG_AGO),
    ]


@pytest.mark.parametrize(
    ("left", "joined", "later", "is_gone"),
    [
        (None, None, None, True),
        (None, 1, None, False),
        (None, None, -6, True),
        (None, None, -5, False),
        (-1, None, None, True),
        (0, None, None, False),
        (-2, -2, -6, True),
        (-2, -1, None, False),
        (-2, None, -5, False),
    ],
)
def test_a_person_is_gone_who_left_before_and_joined_nothing_since(
    left: int | None, joined: int | None, later: int | None, *, is_gone: bool
) -> None:
    def at(minutes: int) -> datetime:
        return START + minutes * MINUTE

    person = Person(
        target=TOTAL,
        user=user(1),
        left_at=None if left is None else at(left),
        joined={} if joined is None else {"g": LatestJoin(time=at(joined), cause="c")},
        later={} if later is None else {"member|g": at(later)},
    )

    assert person.is_gone(START, at(-5)) is is_gone


def test_a_wish_is_put_off_by_a_newer_event_about_one_of_its_groups() -> None:
    person = Person(target=TOTAL, user=user(1), later={"member|g": START})

    assert person.is_deferred("member", ["x", "g"], START - INSTANT)
    assert not person.is_deferred("member", ["x", "g"], START)
    assert not person.is_deferred("absent", ["g"], START - INSTANT)


def test_the_age_of_a_cursor_counts_from_its_origin_which_only_grows() -> None:
    cursor = Cursor("l", 5_000, "e")
    at = datetime.fromtimestamp(7, tz=START.tzinfo)

    assert cursor.age(at) == timedelta(seconds=2)
    assert cursor.moved("m", at) == Cursor("m", 7_000, "e", is_page=False)
    assert cursor.moved("m", START - timedelta(days=40_000)) == Cursor("m", 5_001, "e")
    assert cursor.moved("m", at, is_page=True) == Cursor("m", 5_000, "e", is_page=True)
