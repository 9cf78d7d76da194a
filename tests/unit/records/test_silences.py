"""The boundary of each time in the records of notifications and holders: what is a silence."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.records import (
    arrivals,
    signs,
)
from hasten.records.arrivals import ARRIVAL_SAVE_INTERVAL, ArrivalNotes, Arrivals
from hasten.records.lease_record import (
    BEAT_SILENT_AFTER,
    TRIGGER_SILENT,
    LeaseRecord,
)
from hasten.records.missed_notifications import Missed
from hasten.records.people_refusal import ASKED_AGAIN_AFTER, SubscriptionRefusal
from hasten.records.signs import SIGN_SAVE_INTERVAL, Sign, Signs
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual

INSTANT, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


def test_a_refused_subscription_is_asked_for_again_after_its_pause() -> None:
    refusal = SubscriptionRefusal(reason="r", next_action="n", at=START)

    assert refusal.holds(START + ASKED_AGAIN_AFTER - INSTANT)
    assert not refusal.holds(START + ASKED_AGAIN_AFTER)


@pytest.mark.parametrize(
    ("times", "span", "believed", "is_silence"),
    [
        (3, 10, None, True),
        (2, 10, None, False),
        (3, 9, None, False),
        (3, 10, -1, True),
        (3, 10, 0, False),
        (3, 10, 5, False),
    ],
)
def test_three_misses_in_ten_minutes_without_a_notification_are_a_silence(
    times: int, span: int, believed: int | None, *, is_silence: bool
) -> None:
    missed = Missed(first_at=START, last_at=START + span * MINUTE, times=times)
    at = None if believed is None else START + believed * MINUTE

    assert missed.is_silence(at) is is_silence


@virtual
async def test_an_arrival_is_saved_at_most_every_twenty_seconds() -> None:
    store, clock = MemoryStore(), [START]
    notes = ArrivalNotes(store, lambda: clock[0])
    saved = []
    for seconds in (0, 19, 20):
        clock[0] = START + timedelta(seconds=seconds)
        await notes.note("q")
        saved.append((await arrivals.load_all(store))["q"].came_at)

    assert saved == [START, START, START + ARRIVAL_SAVE_INTERVAL]
    await arrivals.stood_in(store, "q", START + MINUTE)
    known = (await arrivals.load_all(store))["q"]
    assert known == Arrivals(came_at=saved[-1], stood_in_at=START + MINUTE)
    assert known.is_stood_in_for
    assert not Arrivals(came_at=START, stood_in_at=START).is_stood_in_for


@virtual
async def test_a_sign_is_saved_at_most_once_a_minute() -> None:
    store, clock = MemoryStore(), [START]
    notes = Signs(store, lambda: clock[0])
    saved = []
    for seconds in (0, 59, 60):
        clock[0] = START + timedelta(seconds=seconds)
        await notes.note(Sign.EVENT)
        saved.append((await signs.load(store))[Sign.EVENT])

    assert saved == [START, START, START + SIGN_SAVE_INTERVAL]


def test_a_holder_is_silent_after_twenty_seconds_and_the_trigger_after_eighty() -> None:
    record = LeaseRecord(owner="w", beat_at=START, came_at=START)
    free = replace(record, owner="")
    silent, no_message = START + BEAT_SILENT_AFTER, START + TRIGGER_SILENT

    assert not record.is_silent(silent)
    assert record.is_silent(silent + INSTANT)
    assert not record.is_silent(START - BEAT_SILENT_AFTER)
    assert record.is_silent(START - BEAT_SILENT_AFTER - INSTANT)
    assert (record.is_lost(silent), record.is_lost(silent + INSTANT)) == (False, True)
    assert not free.is_lost(silent + INSTANT)
    assert not free.is_trigger_silent(no_message - INSTANT)
    assert free.is_trigger_silent(no_message)
    assert (free.is_unattended(no_message - INSTANT), free.is_unattended(no_message)) == (
        False,
        True,
    )
    assert not replace(record, beat_at=no_message).is_unattended(no_message)
    assert record.is_unattended(silent + INSTANT)
    assert not replace(record, stood_in_at=START).is_stood_in_for
    assert replace(record, stood_in_at=START + INSTANT).is_stood_in_for
    assert LeaseRecord(unsure={"a": START, "b": START + INSTANT}).due(START) == ["a"]
