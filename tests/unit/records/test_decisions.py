"""What operators decided and expect, and who is in the roster of any target."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hasten.ports.store import Put
from hasten.records import roster, running_targets, stops
from hasten.records.roster import Roster
from hasten.records.stops import ALL_TARGETS, StopRecord
from hasten.targets import Target
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import START, virtual
from tests.support.world import TOTAL, World, user

HOUR = timedelta(hours=1)
STOP = StopRecord(target=TOTAL, is_stop=True, by="ada", reason="r", at=START)


@pytest.mark.parametrize("is_stop", [False, True])
@virtual
async def test_a_decision_is_reported_once(*, is_stop: bool) -> None:
    store, decision = MemoryStore(), replace(STOP, is_stop=is_stop)
    await stops.reported(store, decision)
    assert await stops.load_all(store) == []
    await stops.save(store, decision)

    await stops.reported(store, replace(decision, by="kim"))
    assert await stops.load_all(store) == [decision]
    await stops.reported(store, decision)

    assert await stops.load_all(store) == [replace(decision, is_reported=True)]
    await stops.save(store, replace(decision, by="kim"))
    assert [one.is_reported for one in await stops.load_all(store)] == [False]


@pytest.mark.parametrize(
    "changed",
    [
        {"target": "OTHER"},
        {"target": "OTHER", "is_stop": "no"},
        {"is_stop": "no"},
        {"is_stop": 0},
        {"at": "yesterday"},
    ],
)
@virtual
async def test_a_decision_that_cannot_be_read_stops_its_target(changed: Mapping[str, Any]) -> None:
    store = MemoryStore()
    start = {"target": TOTAL, "is_stop": False, "by": "ada", "reason": "r", "at": START.isoformat()}
    place = (stops.STOPS_COLLECTION, stops.STOPS_PARTITION)
    await store.commit(*place, [Put(TOTAL, {**start, **changed})])

    assert await stops.stopped(store, [TOTAL, "OTHER"]) == {TOTAL}
    with pytest.raises(stops.Stopped, match="cannot be read"):
        await stops.check(store, TOTAL)
    await stops.check(store, "OTHER")


@virtual
async def test_a_stop_of_all_targets_stops_each() -> None:
    store = MemoryStore()
    await stops.save(store, replace(STOP, target=ALL_TARGETS))

    assert await stops.stopped(store, ["A", "B"]) == {"A", "B"}
    stop = await stops.find(store, "A")
    assert str(stop) == "ada stopped all targets at 2026-11-24 09:00Z: r"
    assert str(STOP).startswith("ada stopped TOTAL at")


def test_the_digest_of_a_target_does_not_depend_on_the_order_of_its_fields() -> None:
    class Reordered(Target):
        def model_dump(self, **given: Any) -> dict[str, Any]:
            return dict(reversed(super().model_dump(**given).items()))

    plain, reordered = (kind(name=TOTAL, display_name=TOTAL) for kind in (Target, Reordered))
    assert running_targets.digest(reordered) == running_targets.digest(plain)


@virtual
async def test_what_an_operator_expects_is_compared_at_each_sweep_of_its_day() -> None:
    store, ours = MemoryStore(), Target(name=TOTAL, display_name="a")
    await running_targets.save(store, [ours], START)
    await running_targets.expect(store, [], START)
    known = await running_targets.load(store)
    assert known == {TOTAL: running_targets.digest(ours)}

    for hours in (1, 2, 23):
        assert await running_targets.save(store, [ours], START + hours * HOUR) == [TOTAL]
    commits = store.commits
    assert await running_targets.save(store, [ours], START + 23 * HOUR) == [TOTAL]
    assert store.commits == commits
    assert await running_targets.save(store, [ours], START + 24 * HOUR) == []
    assert await running_targets.save(store, [ours], START) == []


@pytest.mark.parametrize(
    "expected",
    [
        "x",
        ["TOTAL"],
        {TOTAL: "d"},
        {TOTAL: "d", running_targets.AT_KEY: 7},
        {TOTAL: "d", running_targets.AT_KEY: "yesterday"},
    ],
    ids=str,
)
@virtual
async def test_what_an_operator_expects_is_left_out_if_it_cannot_be_read(expected: Any) -> None:
    store, ours = MemoryStore(), Target(name=TOTAL, display_name="a")
    place = ("heartbeats", "running")
    await store.commit(*place, [Put("targets", {running_targets.EXPECTED_KEY: expected})])

    assert await running_targets.save(store, [ours], START) == []

    [document] = await store.scan(*place)
    assert document.body == {TOTAL: running_targets.digest(ours)}


@virtual
async def test_a_record_of_the_targets_that_cannot_be_read_is_written_anew() -> None:
    store, ours = MemoryStore(), Target(name=TOTAL, display_name="a")
    store.plant("heartbeats", "running", "targets", "{")
    assert await running_targets.load(store) is None

    assert await running_targets.save(store, [ours], START) == []

    assert await running_targets.load(store) == {TOTAL: running_targets.digest(ours)}


@virtual
async def test_everyone_is_who_is_in_the_roster_of_a_target_that_was_discovered() -> None:
    world = World()
    await Roster(world.store).add(TOTAL, [user(1), user(2)], START)
    await Roster(world.store).add("OTHER", [user(3)], START)
    assert await roster.everyone(world.store) == frozenset()

    await world.is_discovered()

    assert await roster.everyone(world.store) == {user(1), user(2)}
