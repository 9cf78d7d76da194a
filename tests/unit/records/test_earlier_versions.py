"""A document that an earlier version of Hasten wrote has fewer fields. Each that is missing has the
value that changes nothing."""

from collections.abc import Mapping
from typing import Any

import pytest

from hasten.domain.breaker import Breaker
from hasten.domain.changes import Action, Cause, Change, FoundBy, State
from hasten.domain.history import Entry, EntryKind
from hasten.domain.intents import Intent, Wanted, group_key
from hasten.domain.long_ago import LONG_AGO
from hasten.domain.matching import JobMatch
from hasten.domain.pacing import Pace
from hasten.ports.store import Put
from hasten.records import (
    call_window,
    cursors,
    discovered,
    made_groups,
    stops,
    subscriptions,
)
from hasten.records.cursors import Cursor
from hasten.records.discovered import DiscoveredTarget
from hasten.records.history_keys import parse
from hasten.records.intents import Intents
from hasten.records.lease import acquire
from hasten.records.lease_record import LeaseRecord, WorkKind
from hasten.records.lease_record import load as load_lease
from hasten.records.ledger import Ledger
from hasten.records.ledger_keys import LEDGER_COLLECTION, OPEN_PREFIX, WINDOW_KEY
from hasten.records.people import People, Person
from hasten.records.recent_removals import RECENT_REMOVALS_COLLECTION, RecentRemovals
from hasten.records.subscriptions import SubscriptionRecord
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user

AT = START.isoformat()
CAUSE = {"source": "/hr", "id": "1"}


async def stored(collection: str, partition: str, key: str, body: Mapping[str, Any]) -> MemoryStore:
    store = MemoryStore()
    await store.commit(collection, partition, [Put(key, body)])
    return store


@virtual
async def test_a_subscription_was_answered() -> None:
    body = {"resource": "/groups", "expires": AT, "state": "s"}
    store = await stored("subscriptions", "graph", "id", body)

    record = await subscriptions.load(store, "id")

    assert record is not None
    expected: dict[str, Any] = {"id": "id", "resource": "/groups", "expires": START, "state": "s"}
    assert record == SubscriptionRecord(
        **expected, renewed_at=None, answered=True, etag=record.etag
    )
    assert SubscriptionRecord(**expected).answered


@virtual
async def test_an_intent_was_not_opened_again_and_had_no_crash() -> None:
    body = {
        "target": TOTAL,
        "group": ENGINEERING,
        "user": user(1),
        "wanted": "member",
        "time": AT,
        "cause": CAUSE,
        "recorded_at": AT,
    }
    store = await stored("intents", TOTAL, f"open|{ENGINEERING}|{user(1)}", body)

    [intent] = await Intents(store).open_intents(TOTAL)

    assert intent == Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        wanted=Wanted.MEMBER,
        time=START,
        cause=Cause("/hr", "1"),
        recorded_at=START,
        group_name="",
        spec={},
        people=1,
        writing=False,
        held="",
        released=False,
        is_done=False,
        outcome="",
        replaced=None,
        reopened=0,
        crashes=0,
        not_before=None,
        refused="",
        failure_told=False,
    )


@virtual
async def test_a_row_of_the_ledger_was_not_tried() -> None:
    ids = {"target": TOTAL, "group": ENGINEERING, "user": user(1), "action": "added", "origin": 7}
    times = dict.fromkeys(("noticed_at", "found_at", "seen_at", "due_at"), AT)
    none = dict.fromkeys(("called_at", "finished_at", "expected_at", "held_by"))
    body = {**ids, **times, **none, "state": "pending", "found_by": "", "causes": []}
    store = await stored(LEDGER_COLLECTION, TOTAL, f"{OPEN_PREFIX}{ENGINEERING}|{user(1)}", body)

    [row] = await Ledger(store).open_changes(TOTAL)

    assert row == Change(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        action=Action.ADDED,
        origin=7,
        noticed_at=START,
        found_at=START,
        seen_at=START,
        due_at=START,
        found_by=FoundBy.UNKNOWN,
        causes=(),
        ahead=False,
        state=State.PENDING,
        held_by=None,
        released=False,
        reason="",
        next_action="",
        attempts=0,
        alone=False,
        user_called=False,
        called_at=None,
        finished_at=None,
        expected_at=None,
        needs_proof=False,
        contradicted=0,
        keeps_assignment=False,
        route=(),
        served=0,
        answer="",
        on_request=False,
        steps=(),
        grant_called_at=None,
        removal_called_at=None,
        unread_since=None,
        also_added=False,
        cycle_showed_nothing=False,
    )


@virtual
async def test_a_window_has_no_failure_and_no_pause() -> None:
    store = await stored(LEDGER_COLLECTION, TOTAL, WINDOW_KEY, {"calls": [AT]})

    pace, breaker = await call_window.load(store, TOTAL)

    assert (pace, breaker) == (
        Pace(calls=pace.calls, not_before=LONG_AGO),
        Breaker(failures=0, open_until=None, users=frozenset()),
    )
    assert len(pace.calls) == 1
    assert await call_window.not_before(store, TOTAL) == LONG_AGO
    lease = await acquire(store, TOTAL, WorkKind.DRAIN, owner="w", now=lambda: START)
    assert lease is not None
    document = await store.get(LEDGER_COLLECTION, TOTAL, WINDOW_KEY)
    opened = await call_window.open_window(lease, document, max_calls_per_hour=None)
    assert opened.unanswered == ()


@virtual
async def test_a_lease_was_not_stood_in_for() -> None:
    body = {"owner": "", "epoch": 3, "beat_at": AT, "is_marked": False, "came_at": AT}
    rest: dict[str, Any] = {"writing": [], "unsure": {}}
    store = await stored(LEDGER_COLLECTION, TOTAL, "lease|drain", {**body, **rest})

    lease = await load_lease(store, TOTAL, WorkKind.DRAIN)

    assert lease == LeaseRecord(
        owner="",
        epoch=3,
        beat_at=START,
        is_marked=False,
        came_at=START,
        stood_in_at=LONG_AGO,
        writing=(),
        unsure={},
    )
    assert await load_lease(store, TOTAL, WorkKind.ENSURE) == LeaseRecord()
    assert LeaseRecord() == LeaseRecord(
        owner="", epoch=0, beat_at=LONG_AGO, is_marked=False, came_at=LONG_AGO
    )


@virtual
async def test_a_target_mirrors_nobody_and_no_group_of_it_is_new() -> None:
    names = {"target": TOTAL, "service_principal": "p", "job": "j"}
    body = {**names, "user_rule": None, "group_rule": None, "groups": [ENGINEERING]}
    place = (discovered.DISCOVERED_COLLECTION, discovered.DISCOVERED_PARTITION)
    store = await stored(*place, TOTAL, body)

    assert await discovered.load(store, TOTAL) == DiscoveredTarget(
        **names,
        user_rule=None,
        group_rule=None,
        groups=(ENGINEERING,),
        assigned_at={},
        unsettled={},
        sources=(),
        properties=(),
        match=JobMatch(),
        deleted={},
    )


@virtual
@pytest.mark.parametrize("partition", [discovered.DISCOVERED_PARTITION, discovered.LEFT_PARTITION])
async def test_a_target_of_another_version_has_more_fields(partition: str) -> None:
    """`departing` is one that an earlier version wrote; a later one may have any, after a
    rollback."""
    names: dict[str, Any] = {"target": TOTAL, "service_principal": "p", "job": "j"}
    rules: dict[str, Any] = {"user_rule": None, "group_rule": None}
    more: dict[str, Any] = {"departing": {}, "of_tomorrow": 1, discovered.LEFT_AT: AT}
    match = {"entra": "id", "app": "externalId", "of_tomorrow": 1}
    body = {**names, **rules, "groups": [ENGINEERING], "match": match, **more}
    store = await stored(discovered.DISCOVERED_COLLECTION, partition, TOTAL, body)

    known = [
        *await discovered.load_all(store),
        *(one for one, _ in await discovered.load_left(store)),
    ]

    expected = JobMatch(entra="id", app="externalId")
    [found] = known
    assert found == DiscoveredTarget(**names, **rules, groups=(ENGINEERING,), match=expected)


@virtual
async def test_a_person_has_nothing_deferred() -> None:
    body: dict[str, Any] = {"target": TOTAL, "user": user(1), "joined": {}, "left_at": None}
    store = await stored("people", TOTAL, user(1), body)

    assert await People(store).find(TOTAL, user(1)) == Person(
        target=TOTAL, user=user(1), joined={}, left_at=None, later={}
    )


@virtual
async def test_a_cursor_is_no_page_and_a_made_group_has_no_id_and_a_stop_is_not_reported() -> None:
    store = MemoryStore()
    place = (cursors.CURSORS_COLLECTION, cursors.CURSORS_PARTITION)
    await store.commit(*place, [Put("g", {"link": "l", "origin": 5})])
    made = {"name": "Sales", "creating_at": AT}
    key = group_key("Sales")
    await store.commit(made_groups.MADE_GROUPS_COLLECTION, TOTAL, [Put(key, made)])
    stop = {"target": TOTAL, "is_stop": True, "by": "ada", "reason": "r", "at": AT}
    await store.commit(stops.STOPS_COLLECTION, stops.STOPS_PARTITION, [Put(TOTAL, stop)])

    cursor = await cursors.load(store, "g")
    assert cursor == Cursor("l", 5, cursor.etag if cursor else "", is_page=False, is_lost=False)
    [group] = await made_groups.load_all(store, TOTAL)
    assert (group.name, group.id, group.creating_at) == ("Sales", None, START)
    assert not group.nickname
    [decision] = await stops.load_all(store)
    assert (decision.is_stop, decision.is_reported, decision.by) == (True, False, "ada")


@virtual
async def test_a_trip_of_the_brake_did_not_know_how_many_people_it_reported() -> None:
    body = {"target": TOTAL, "group": ENGINEERING, "at": AT, "reason": "r", "next_action": "n"}
    store = await stored(RECENT_REMOVALS_COLLECTION, TOTAL, f"trip|{ENGINEERING}", body)

    trip = await RecentRemovals(store).tripped(TOTAL, ENGINEERING, START)

    assert trip is not None
    assert not trip.has_grown(1000)


def test_an_entry_of_the_history_is_about_nobody() -> None:
    entry = parse({"id": "e", "at": AT, "kind": "outcome"})

    assert entry == Entry(id="e", at=START, kind=EntryKind.OUTCOME)
    assert (entry.user, entry.group, entry.causes, dict(entry.details)) == ("", "", (), {})
