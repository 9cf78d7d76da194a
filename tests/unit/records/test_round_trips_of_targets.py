"""What is stored of each target and its calls comes back as it was written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.breaker import Breaker
from hasten.domain.changes import Cause
from hasten.domain.clocks import Stamp
from hasten.domain.late_calls import UnansweredCall
from hasten.domain.long_ago import LONG_AGO
from hasten.domain.matching import JobMatch
from hasten.domain.pacing import DEPARTS_WITHIN, Pace
from hasten.domain.shared_pace import SharedPace, TargetCall
from hasten.json import Json
from hasten.limits import LATEST_CALL_EFFECT
from hasten.ports.directory_values import UnreadMember
from hasten.ports.store import Put
from hasten.records import (
    call_window,
    discovered,
    mirrored_members,
    seen_policies,
    shared_window,
    unread_members,
)
from hasten.records.call_window import CallWindow, open_window
from hasten.records.discovered import DiscoveredTarget
from hasten.records.lease import Lease, acquire
from hasten.records.lease_record import WorkKind
from hasten.records.ledger_keys import LEDGER_COLLECTION, WINDOW_KEY
from hasten.records.mirrored_members import MIRRORED_MEMBERS_COLLECTION
from hasten.records.self_test import SELF_TEST_COLLECTION, SELF_TEST_PARTITION, round_trip
from hasten.records.unread_members import MOST_STORED, UnreadSlice
from hasten.targets import Target
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

LATER = START + timedelta(hours=1)
SECOND = timedelta(seconds=1)
CAUSE = Cause("/hr", "1")


async def lease(store: MemoryStore) -> Lease:
    taken = await acquire(store, TOTAL, WorkKind.DRAIN, owner="w", now=lambda: START)
    assert taken is not None
    return taken


async def window(store: MemoryStore) -> CallWindow:
    return await open_window(await lease(store), None, max_calls_per_hour=None)


@virtual
async def test_the_calls_and_the_breaker_of_a_target_come_back() -> None:
    store = MemoryStore()
    assert await call_window.load(store, TOTAL) == (Pace(), Breaker())
    assert await call_window.not_before(store, TOTAL) == LONG_AGO
    opened = await window(store)
    assert (opened.pace.reserved, opened.pace.max_calls_per_hour) == (0, None)
    breaker = Breaker(failures=6, open_until=LATER, users=frozenset({"u"}))
    commits = store.commits
    await opened.judged(Breaker())
    assert store.commits == commits

    await opened.call(lambda: START, [])
    await opened.throttled(LATER)
    await opened.judged(breaker)

    assert await call_window.load(store, TOTAL) == (
        Pace(calls=(Stamp.own(START),), not_before=LATER),
        breaker,
    )
    assert await call_window.not_before(store, TOTAL) == LATER
    commits = store.commits
    await opened.judged(breaker)
    assert store.commits == commits
    await opened.judged(Breaker())
    assert (await call_window.load(store, TOTAL))[1] == Breaker()


@virtual
async def test_the_calls_without_an_answer_come_back_until_they_have_no_effect_any_more() -> None:
    store = MemoryStore()
    opened, other = await window(store), await window(store)
    calls = [
        UnansweredCall(at=START - ago, users=frozenset({user(n)}), takes=n > 1, group=group)
        for n, (ago, group) in enumerate(
            [(LATEST_CALL_EFFECT, None), (timedelta(0), None), (timedelta(0), ENGINEERING)]
        )
    ]

    await opened.call(lambda: START, [], unanswered=calls[:2])
    await opened.judged(opened.breaker, calls[2])
    await other.judged(Breaker(failures=1))

    document = await store.get(LEDGER_COLLECTION, TOTAL, WINDOW_KEY)
    again = await open_window(await lease(store), document, max_calls_per_hour=None)
    assert opened.unanswered == other.unanswered == again.unanswered == tuple(calls[1:])


@virtual
async def test_a_call_whose_commit_had_no_answer_counts() -> None:
    store = MemoryStore()
    ours, other = await window(store), await window(store)
    await other.call(lambda: START, [])

    await ours.call(lambda: LATER, [])

    assert (await call_window.load(store, TOTAL))[0].calls == (Stamp.own(LATER),)
    assert list(ours.pace.calls) == [Stamp.own(LATER)]


@pytest.mark.parametrize(
    ("late", "is_saved"), [(DEPARTS_WITHIN, False), (DEPARTS_WITHIN + SECOND, True)]
)
@virtual
async def test_a_call_that_leaves_later_than_it_is_stored_is_stored_again(
    late: timedelta, *, is_saved: bool
) -> None:
    store = MemoryStore()
    opened = await window(store)
    await opened.call(lambda: START - SECOND, [])
    await opened.call(lambda: START, [])

    await opened.departed(lambda: START + late)
    await opened.judged(Breaker())

    last = (await call_window.load(store, TOTAL))[0].calls[-1]
    assert last == Stamp.own(START + late if is_saved else START)


@virtual
async def test_the_shared_window_comes_back() -> None:
    store = MemoryStore()
    assert await shared_window.load(store) == (SharedPace(), None)
    pace = SharedPace(
        calls=(TargetCall("A", Stamp.own(START)),),
        not_before=LATER,
        claims={"B": LATER},
        since=START,
    )
    for one in (SharedPace(), pace):
        etag = await shared_window.write(store, one, (await shared_window.load(store))[1])
        assert await shared_window.load(store) == (one, etag)


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (MOST_STORED, 50), (MOST_STORED + 1, 50)])
@virtual
async def test_a_slice_with_members_who_could_not_be_read_comes_back(count: int, kept: int) -> None:
    store = MemoryStore()
    members = [UnreadMember(user(number), "p") for number in range(count)]
    unread = UnreadSlice(group="g", link="l", origin=7, noticed_at=START, members=members)
    for _ in range(2):
        await unread_members.save(store, unread)

    assert await unread_members.load_all(store) == [replace(unread, members=members[:kept])]
    await unread_members.forget(store, unread)
    await unread_members.forget(store, unread)
    assert await unread_members.load_all(store) == []


@virtual
async def test_what_a_sweep_discovered_comes_back_and_is_written_only_if_it_differs() -> None:
    store = MemoryStore()
    found = DiscoveredTarget(
        target=TOTAL,
        service_principal="p",
        job="j",
        user_rule="u",
        group_rule=None,
        groups=("b", "a"),
        assigned_at={"a": START.isoformat()},
        unsettled={"a": START.isoformat()},
        sources=("d", "c"),
        properties=("mail", "city"),
        match=JobMatch(app="userName", entra="mail", problem=""),
        deleted={"x": START.isoformat()},
    )
    for over in (None, found):
        await discovered.save(store, found, over=over)

    assert store.commits == 1
    in_order = {"groups": ("a", "b"), "sources": ("c", "d"), "properties": ("city", "mail")}
    assert await discovered.load(store, TOTAL) == replace(found, **in_order)  # type: ignore[arg-type]
    assert await discovered.watched(store) == frozenset("abcd")
    assert (found.watches("a"), found.watches("c")) == (True, False)
    assert (found.mirrors("a"), found.mirrors("c")) == (False, True)
    assert found.route == ("p", "j", "u", None)
    other = replace(found, target="WIKI")
    await discovered.save(store, other, over=None)
    await discovered.leave(store, TOTAL, START)
    assert [one.target for one in await discovered.load_all(store)] == ["WIKI"]


@virtual
async def test_a_discovered_target_has_no_key_that_an_older_version_cannot_read() -> None:
    store = MemoryStore()
    found = DiscoveredTarget(
        target=TOTAL,
        service_principal="p",
        job="j",
        user_rule="u",
        group_rule=None,
        groups=("a",),
        unsettled={"a": START.isoformat(), "left": START.isoformat()},
    )
    await discovered.save(store, found, over=None)

    [document] = await store.scan(discovered.DISCOVERED_COLLECTION, discovered.DISCOVERED_PARTITION)
    assert set(document.body) == {
        *("target", "service_principal", "job", "user_rule", "group_rule", "groups"),
        *("assigned_at", "arriving", "sources", "properties", "match", "deleted"),
    }


@virtual
async def test_members_that_a_mirror_added_are_remembered_until_they_are_forgotten() -> None:
    store = MemoryStore()
    some = [user(1), user(2)]
    fresh = await mirrored_members.remember(store, TOTAL, ENGINEERING, some, START)
    assert fresh == {user(1), user(2)}
    some = [user(2), user(3)]
    fresh = await mirrored_members.remember(store, TOTAL, ENGINEERING, some, LATER)
    assert fresh == {user(3)}
    assert await mirrored_members.remembered(store, TOTAL, ADMIN) == {}

    await mirrored_members.forget(store, TOTAL, ENGINEERING, [user(3), user(4)])

    known = await mirrored_members.remembered(store, TOTAL, ENGINEERING)
    assert known == {user(1): START, user(2): LATER}


@pytest.mark.parametrize("body", [{}, {"since": "soon"}, {"since": None}])
def test_a_mirrored_member_of_an_unreadable_record_was_added_long_ago(body: Json) -> None:
    @virtual
    async def run() -> None:
        store = MemoryStore()
        await mirrored_members.remember(store, TOTAL, ENGINEERING, [user(1)], START)
        [document] = await store.scan(MIRRORED_MEMBERS_COLLECTION, f"{TOTAL}|{ENGINEERING}")
        put = Put(user(1), body, document.etag)
        await store.commit(MIRRORED_MEMBERS_COLLECTION, f"{TOTAL}|{ENGINEERING}", [put])

        known = await mirrored_members.remembered(store, TOTAL, ENGINEERING)

        assert known == {user(1): LONG_AGO}

    run()


@virtual
async def test_a_policy_comes_back_with_the_version_in_which_it_was_seen() -> None:
    store = MemoryStore()
    assert await seen_policies.load(store, TOTAL) is None
    for display_name in ("a", "b"):
        target = Target(name=TOTAL, display_name=display_name)
        await seen_policies.save(store, target, await seen_policies.load(store, TOTAL))
        known = await seen_policies.load(store, TOTAL)
        assert known is not None
        assert known.policy == seen_policies.policy_of(target)


@virtual
async def test_the_self_test_leaves_nothing_and_notices_a_store_that_keeps_nothing() -> None:
    class Forgetful(MemoryStore):
        async def get(self, collection: str, partition: str, key: str) -> None:
            return None

    store = MemoryStore()

    assert await round_trip(store, "k")
    assert await store.scan(SELF_TEST_COLLECTION, SELF_TEST_PARTITION) == []
    assert not await round_trip(Forgetful(), "k")


@pytest.mark.parametrize("name", ["assigned_at", "unsettled", "deleted"])
@virtual
async def test_a_target_with_a_time_that_is_none_cannot_be_read(name: str) -> None:
    store = MemoryStore()
    found = DiscoveredTarget(
        target=TOTAL,
        service_principal="p",
        job="j",
        user_rule=None,
        group_rule=None,
        groups=(),
    )
    await discovered.save(store, found, over=None)
    garbled: dict[str, Any] = {name: {"a": "yesterday"}}
    bad = replace(found, target="WIKI", **garbled)
    await discovered.save(store, bad, over=None)

    known, unread = await discovered.load_known(store)

    assert [one.target for one in known] == [TOTAL]
    assert unread == {"WIKI"}
