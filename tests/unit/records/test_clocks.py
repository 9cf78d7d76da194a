"""Instances whose clocks differ keep the limit of calls together, and lose little time by it."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hasten.domain.breaker import Breaker
from hasten.domain.clocks import CLOCK_SKEW
from hasten.domain.shared_pace import SharedPace
from hasten.limits import CALL_WINDOW, CALL_WINDOW_MARGIN, CALLS_PER_WINDOW
from hasten.ports.store import Document
from hasten.records import call_window, shared_window
from hasten.records.call_window import open_window
from hasten.records.lease import Lease, acquire
from hasten.records.lease_record import WorkKind
from hasten.records.ledger_keys import LEDGER_COLLECTION, WINDOW_KEY
from hasten.records.shared_window import (
    SHARED_WINDOW_COLLECTION,
    SHARED_WINDOW_KEY,
    SHARED_WINDOW_PARTITION,
)
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START

SPAN = CALL_WINDOW + CALL_WINDOW_MARGIN
SKEW = CLOCK_SKEW / 2
"""By how much each of two clocks is wrong at most."""

skews = st.floats(-SKEW.total_seconds(), SKEW.total_seconds())
demands = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 8)), min_size=1, max_size=30)
"""Which of two instances makes the next call, and how many seconds after the last one."""


@dataclass
class Instances:
    """Two, that take turns in working for one target. `true` is the time of Entra's clock."""

    skew: tuple[float, float]
    true: datetime = START
    made: list[datetime] = field(default_factory=list)
    store: MemoryStore = field(default_factory=MemoryStore)

    def now(self, number: int) -> datetime:
        return self.true + timedelta(seconds=self.skew[number])

    async def lease(self, number: int) -> Lease:
        lease = await acquire(
            self.store, "A", WorkKind.DRAIN, owner=f"{number}", now=lambda: self.now(number)
        )
        assert lease is not None
        return lease

    async def call(self, number: int) -> None:
        lease = await self.lease(number)
        window = await open_window(
            lease, await self.stored(), max_calls_per_hour=None, clock=f"clock {number}"
        )
        self.wait_until(number, window.pace.free_at(self.now(number)))
        await window.call(lambda: self.now(number), [])
        await lease.release(although_marked=True)

    async def call_shared(self, number: int) -> None:
        """Through the window that all targets share."""
        stored, etag = await shared_window.load(self.store)
        pace = stored.seen_by(SharedPace(clock=f"clock {number}"), self.now(number))
        self.wait_until(number, pace.free_at("A", self.now(number)))
        changed = pace.with_call("A", self.now(number))
        await shared_window.write(self.store, changed, etag)

    def wait_until(self, number: int, free_at: datetime) -> None:
        self.true += free_at - self.now(number)
        self.made.append(self.true)

    async def stored(self) -> Document | None:
        return await self.store.get(LEDGER_COLLECTION, "A", WINDOW_KEY)


def spans(calls: list[datetime]) -> list[timedelta]:
    """Returns the times from each call to the fifth after it."""
    return [later - call for call, later in zip(calls, calls[CALLS_PER_WINDOW:], strict=False)]


@given(skews, skews, demands)
async def test_no_ten_seconds_see_more_than_five_calls(
    one: float, other: float, demand: list[tuple[int, float]]
) -> None:
    for shared in (False, True):
        instances = Instances((one, other))
        for number, pause in demand:
            instances.true += timedelta(seconds=pause)
            await (instances.call_shared if shared else instances.call)(number)

        assert all(span > CALL_WINDOW for span in spans(instances.made))


async def test_calls_that_come_slowly_never_wait_however_often_the_instance_changes() -> None:
    instances = Instances((SKEW.total_seconds(), -SKEW.total_seconds()))
    for turn in range(40):
        instances.true += timedelta(seconds=4)
        await instances.call(turn % 2)

    assert all(after - before == timedelta(seconds=4) for before, after in pairwise(instances.made))


async def test_a_window_that_an_older_version_wrote_is_read() -> None:
    store = MemoryStore()
    times = ["2026-11-24T09:00:00+00:00"] * CALLS_PER_WINDOW
    store.plant(LEDGER_COLLECTION, "A", WINDOW_KEY, json.dumps({"calls": times}))
    pace, _ = await call_window.load(store, "A")
    assert [call.at.isoformat() for call in pace.calls] == times


async def test_a_shared_window_keeps_who_called_by_which_clock() -> None:
    store = MemoryStore()
    first = SharedPace(clock="one").with_call("A", START)
    await shared_window.write(store, first, None)

    stored, etag = await shared_window.load(store)
    assert [call.at for call in stored.seen_by(SharedPace(clock="two"), START).calls] == [START]
    later = stored.seen_by(SharedPace(clock="two"), START + timedelta(minutes=1))
    assert [call.at for call in later.calls] == [START + CLOCK_SKEW]

    await shared_window.write(store, later.with_call("B", START + SPAN), etag)
    stored, _ = await shared_window.load(store)
    again = stored.seen_by(SharedPace(clock="one"), START + timedelta(minutes=1))
    assert [call.at for call in again.calls] == [START, START + SPAN + CLOCK_SKEW]


async def test_an_older_version_reads_the_times_of_the_windows() -> None:
    instances = Instances((0, 0))
    await instances.call(0)
    await instances.call_shared(0)

    own = await instances.stored()
    assert own is not None
    shared = await instances.store.get(
        SHARED_WINDOW_COLLECTION, SHARED_WINDOW_PARTITION, SHARED_WINDOW_KEY
    )
    assert shared is not None
    times = [*own.body["calls"], *(call["at"] for call in shared.body["calls"])]
    assert [datetime.fromisoformat(time) for time in times] == [START, START]


async def test_the_calls_of_an_older_version_count_as_those_of_another_clock() -> None:
    instances = Instances((0, 0))
    times = [START.isoformat()] * CALLS_PER_WINDOW
    instances.store.plant(LEDGER_COLLECTION, "A", WINDOW_KEY, json.dumps({"calls": times}))
    instances.true += SPAN

    await instances.call(0)

    assert instances.made == [START + SPAN + CLOCK_SKEW]


async def test_a_window_that_was_damaged_while_a_drain_held_it_counts_as_full() -> None:
    instances = Instances((0, 0))
    window = await open_window(await instances.lease(0), None, max_calls_per_hour=None)
    instances.store.plant(LEDGER_COLLECTION, "A", WINDOW_KEY, "{")

    await window.judged(Breaker(failures=1))

    assert window.pace.free_at(START) == START + SPAN
