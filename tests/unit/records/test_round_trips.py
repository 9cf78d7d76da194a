"""Each record comes back as it was written, and what is the same is not written again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Cause
from hasten.domain.cycle import Cycle
from hasten.domain.follow_ups import FollowUp, What
from hasten.domain.heartbeats import Heartbeat
from hasten.domain.intents import Intent, Wanted
from hasten.errors import Conflict, PermanentError, TemporaryError
from hasten.records import (
    destinations,
    follow_ups,
    heartbeats,
    job_seen,
    overviews,
    subscriptions,
)
from hasten.records.destinations import Progress
from hasten.records.intents import Intents
from hasten.records.job_seen import JobSeen
from hasten.records.overviews import Part
from hasten.records.subscriptions import SubscriptionRecord
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import ENGINEERING, TOTAL, user

LATER = START + timedelta(hours=1)
CAUSE = Cause("/hr", "1")


@pytest.mark.parametrize(
    "seen",
    [
        JobSeen(),
        JobSeen(state="active", cycle=Cycle(done_from=START, done_until=LATER, began=LATER)),
        JobSeen(state="active", cycle=Cycle(interval=timedelta(minutes=20))),
        JobSeen(state="q", cycle=Cycle(problem="p", next_action="n"), problem="p", next_action="n"),
        JobSeen(problem="unread", next_action="n", unread_since=START),
        JobSeen(problem="other", unread_since=START, is_another_app=True),
    ],
)
@virtual
async def test_what_a_sweep_saw_of_a_job_comes_back(seen: JobSeen) -> None:
    store = MemoryStore()

    await job_seen.save(store, TOTAL, seen, {})

    assert await job_seen.load_all(store) == {TOTAL: seen}
    before, commits = await overviews.known(store, Part.JOB), store.commits
    await job_seen.save(store, TOTAL, seen, before)
    assert store.commits == commits
    await job_seen.save(store, TOTAL, replace(seen, state="other"), before)
    assert (await job_seen.load_all(store))[TOTAL].state == "other"


def test_a_job_says_what_stops_it_and_why_it_could_not_be_read() -> None:
    paused = job_seen.read("Paused", Cycle(is_paused=True))
    works = job_seen.read("Active", Cycle())
    denied = job_seen.unread(PermanentError("403", "grant it"), START)
    busy = job_seen.unread(TemporaryError("503", timedelta(seconds=1)), START)

    assert "is paused" in paused.problem
    assert paused.next_action
    assert (works.problem, works.next_action) == ("", "")
    assert (denied.problem, denied.next_action) == ("403", "grant it")
    assert (busy.problem, busy.next_action) == ("503", TemporaryError.next_action)


@pytest.mark.parametrize("since", [None, START])
@virtual
async def test_the_progress_of_a_destination_comes_back(since: Any) -> None:
    store = MemoryStore()
    progress = Progress(
        name="ops", cursor=7, due_at=LATER, tries=2, failing_since=since, reason="r", is_parked=True
    )
    await destinations.save(store, progress)

    [known] = (await destinations.load_all(store)).values()

    assert replace(known, etag=None) == progress
    await destinations.save(store, replace(known, wants_trial=True))
    assert (await destinations.load_all(store))["ops"].wants_trial
    with pytest.raises(Conflict):
        await destinations.save(store, known)
    plain = Progress(name="x", cursor=0, due_at=START)
    assert (plain.tries, plain.is_parked, plain.wants_trial) == (0, False, False)


@virtual
async def test_the_heartbeat_of_a_timer_comes_back() -> None:
    store = MemoryStore()
    await heartbeats.beat(store, "look", START, "down")
    assert await heartbeats.load_all(store) == [
        Heartbeat(timer="look", first_at=START, ran_at=START, succeeded_at=None, reason="down")
    ]

    await heartbeats.beat(store, "look", LATER)

    assert await heartbeats.load_all(store) == [
        Heartbeat(timer="look", first_at=START, ran_at=LATER, succeeded_at=LATER)
    ]


@virtual
async def test_what_an_event_wants_besides_comes_back_until_it_is_done() -> None:
    store = MemoryStore()
    asked = FollowUp(
        what=What.SESSIONS,
        target=TOTAL,
        user=user(1),
        cause=CAUSE,
        event_time=START,
        asked_at=START,
        due_at=LATER,
        tries=3,
        path="/p",
        groups=(ENGINEERING,),
        is_complete=True,
        refused="r",
    )
    assert await follow_ups.find(store, asked) == (None, None)
    etag = await follow_ups.save(store, asked, None)

    assert await follow_ups.find(store, asked) == (asked, etag)
    assert await follow_ups.load_all(store) == [(asked, etag)]
    await follow_ups.delete(store, asked, etag)
    assert await follow_ups.load_all(store) == []


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"replaced": Cause("/hr", "0"), "not_before": LATER, "group_name": "G", "reopened": 1},
        {"spec": {"role": "r"}, "people": 3, "writing": True, "held": "h", "crashes": 2},
        {"opened_at": LATER},
    ],
)
@virtual
async def test_an_intent_comes_back(more: dict[str, Any]) -> None:
    intents = Intents(MemoryStore())
    intent = Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(1),
        wanted=Wanted.MEMBER,
        time=START,
        cause=CAUSE,
        recorded_at=LATER,
        **more,
    )
    await intents.record([intent])

    assert await intents.find(TOTAL, ENGINEERING, user(1)) == intent
    assert await intents.open_intents(TOTAL) == [intent]
    [done] = await intents.finish([intent], "recorded")
    assert (done.is_done, done.writing, done.held, done.outcome) == (True, False, "", "recorded")
    assert await intents.open_intents(TOTAL) == []


def test_an_intent_is_tried_from_its_time_on_unless_it_is_held() -> None:
    intent = Intent(
        target=TOTAL,
        group="g",
        user="u",
        wanted=Wanted.IN_STEP,
        time=START,
        cause=CAUSE,
        recorded_at=START,
        not_before=LATER,
    )

    assert not intent.is_tried(START)
    assert intent.is_tried(LATER)
    assert not replace(intent, held="60 join").is_tried(LATER)
    assert replace(intent, not_before=None).is_tried(START)
    assert (intent.asked_at, intent.waits_since) == (START, LATER)
    again = replace(intent, opened_at=LATER + timedelta(seconds=1))
    assert {again.asked_at, again.waits_since} == {LATER + timedelta(seconds=1)}
    assert (intent.people, intent.reopened, intent.crashes) == (1, 0, 0)
    assert (intent.writing, intent.released, intent.is_done, intent.is_unreadable) == (False,) * 4
    assert intent.key == "g|u|in_step"


@pytest.mark.parametrize(("renewed_at", "answered"), [(None, True), (LATER, False)])
@virtual
async def test_a_subscription_comes_back(renewed_at: Any, *, answered: bool) -> None:
    store = MemoryStore()
    record = SubscriptionRecord(
        id="s",
        resource="groups",
        expires=START,
        state=subscriptions.mark("x"),
        renewed_at=renewed_at,
        answered=answered,
    )
    await subscriptions.save(store, record)

    known = await subscriptions.load(store, "s")

    assert known is not None
    assert replace(known, etag=None) == record
    assert await subscriptions.load(store, "other") is None
    await subscriptions.renewed(store, "s", LATER)
    [after] = await subscriptions.load_all(store)
    assert (after.expires, after.answered, after.renewed_at) == (LATER, True, renewed_at)
