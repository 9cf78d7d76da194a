"""What cannot be read is noted by whoever reads it, and what waits beside it is counted."""

import json

import pytest

from hasten.domain.changes import Action
from hasten.ports.store import Put
from hasten.records import open_rows, reading, unreadable
from hasten.records.history_keys import body_of
from hasten.records.history_seals import MAX_PAGE_CHARS
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX
from hasten.records.people import MAPPING, Person
from hasten.records.repository import Repository
from hasten.records.unreadable import (
    UNREADABLE_COLLECTION,
    UNREADABLE_PARTITION,
    UnreadableRow,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.history import entry, history
from tests.support.racing_store import Losing
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user

KEY = f"{OPEN_PREFIX}{ENGINEERING}|{user(1)}"


async def noted(store: MemoryStore) -> list[str]:
    return [row.key for row in await unreadable.load_all(store)]


@virtual
async def test_a_list_of_open_rows_notes_those_that_it_cannot_read() -> None:
    store = MemoryStore()
    await Ledger(store).record([found(ENGINEERING, user(2), Action.REMOVED, 1)])
    store.plant(LEDGER_COLLECTION, TOTAL, KEY, "{")

    bad, good = await open_rows.open_rows(store, TOTAL)

    assert await noted(store) == [KEY]
    assert (bad.is_held, bad.user, bad.row().is_unreadable) == (True, user(1), True)
    assert (good.is_held, good.is_removal, good.row().user) == (False, True, user(2))


@virtual
async def test_a_record_with_a_safe_value_is_noted_if_it_cannot_be_read() -> None:
    store = MemoryStore()
    store.plant("heartbeats", "crashes", "look", "{")
    document = await store.get("heartbeats", "crashes", "look")
    assert document is not None

    place = ("heartbeats", "crashes", document)
    assert await reading.read_or(store, *place, lambda d: d.body["x"], safe=7) == 7

    assert await noted(store) == ["look"]


@pytest.mark.parametrize("loses", [False, True])
@virtual
async def test_what_waits_aside_is_counted_until_it_is_taken_back(*, loses: bool) -> None:
    store = Losing()
    store.loses = False
    for number in (1, 2):
        store.plant(LEDGER_COLLECTION, TOTAL, KEY.replace(user(1), user(number)), "{")
    ledger = Ledger(store)
    await ledger.record([found(ENGINEERING, user(n), Action.REMOVED, 5) for n in (1, 2)])

    assert await Ledger(store).take_back(TOTAL) == ([], 2)
    for number in (1, 2):
        store.forget(LEDGER_COLLECTION, TOTAL, KEY.replace(user(1), user(number)))
    store.loses = loses
    taken, left = await Ledger(store).take_back(TOTAL)

    assert ([row.user for row in taken], left) == (([], 2) if loses else ([user(1), user(2)], 0))


@pytest.mark.parametrize(("more", "sealed"), [(0, 2), (1, 1)])
@virtual
async def test_a_seal_holds_as_many_characters_as_a_document_takes(more: int, sealed: int) -> None:
    world = World()
    first, second = entry("a" * (MAX_PAGE_CHARS // 2)), entry("b")
    room = MAX_PAGE_CHARS - sum(len(json.dumps(body_of(one))) for one in (first, second))
    second = entry("b" * (1 + room + more))

    await history(world).append([first, second])

    assert await world.context.seals.seal(await history(world).days(), now()) == sealed


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"key": "k"}', '{"of a newer version": 1}'])
@virtual
async def test_a_note_that_cannot_be_read_itself_is_left_out(text: str) -> None:
    store = MemoryStore()
    store.plant(UNREADABLE_COLLECTION, UNREADABLE_PARTITION, "x", text)

    assert await noted(store) == []


@virtual
async def test_rows_that_changed_or_cannot_be_read_stay_when_others_are_removed() -> None:
    store = MemoryStore()
    rows = Repository(store, MAPPING)
    people = [Person(target=TOTAL, user=user(n)) for n in range(3)]
    await rows.update(people, lambda _, new: new)
    store.plant(MAPPING.collection, TOTAL, user(1), "{")

    await rows.remove(people, lambda person: person.user != user(0))

    left = await store.scan(MAPPING.collection, TOTAL)
    assert [one.key for one in left] == [user(0), user(1)]


@virtual
async def test_no_row_is_noted_when_two_workers_have_noted_one_too_many() -> None:
    store = MemoryStore()
    places = [Put(f"{number}", {}) for number in range(unreadable.MOST_NOTED + 1)]
    await store.commit(UNREADABLE_COLLECTION, UNREADABLE_PARTITION, places)
    rows = [
        UnreadableRow(collection="c", partition="p", key=f"{number}", etag="e", reason="r")
        for number in range(2)
    ]

    await unreadable.note(store, rows)

    assert len(await store.scan(UNREADABLE_COLLECTION, UNREADABLE_PARTITION)) == len(places)
