"""Every change that ends is told once, in spite of a crash between its end and its telling."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from hasten.domain.changes import MAX_CAUSES, Action, Cause, Change, State
from hasten.domain.merging import newer
from hasten.domain.outcomes import of_change
from hasten.errors import TemporaryError
from hasten.json import Json
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.ports.store import Put, Write
from hasten.provision.drain import drain
from hasten.records.history import History
from hasten.records.ledger_keys import LEDGER_COLLECTION
from hasten.records.outbox import put as of_outbox
from hasten.records.row_outcomes import outcomes_of, outcomes_of_moved
from tests.fakes.memory_store import MemoryStore
from tests.support.racing_store import Racing
from tests.support.slow_store import Slow
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user
from tests.unit.domain.rows import NOW, change, removal

WAKE = Wake(target=TOTAL)


def told(world: World) -> list[tuple[str, str, str]]:
    bodies = [message.body["data"] for message in world.bus.of(PROVISIONING_OUTCOMES)]
    return [(body["user"], body["action"], body["result"]) for body in bodies]


@virtual
async def test_an_outcome_names_the_change_its_end_and_the_times_of_its_steps() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    [message] = world.bus.of(PROVISIONING_OUTCOMES)
    assert message.body["specversion"] == "1.0"
    assert message.body["source"] == "/hasten/targets/TOTAL"
    assert message.message_id == message.body["id"]
    assert told(world) == [(user(1), "added", "succeeded")]
    assert list(message.body["data"]["times"]) == ["noticed", "found", "called", "ended"]


@virtual
async def test_outcomes_that_could_not_be_sent_wait_and_calls_go_on() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(23)))
    world.bus.down = True

    with pytest.raises(TemporaryError):
        await drain(world.context, WAKE)
    world.bus.down = False
    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 5
    assert sorted(name for name, _, _ in told(world)) == [user(n) for n in range(23)]


@virtual
async def test_outcomes_that_another_worker_sends_at_the_same_time_count_once() -> None:
    store = Racing()
    outbox = World(store=store).context.outbox
    put = of_outbox(of_change(found(ENGINEERING, user(1), Action.ADDED, 1), now=now()))
    for expected in (0, 1):
        await store.commit(LEDGER_COLLECTION, TOTAL, [put])
        store.meanwhile = None if expected else lambda: outbox.flush(TOTAL)

        assert await outbox.flush(TOTAL) == expected


@virtual
async def test_the_history_has_what_could_not_be_sent() -> None:
    inner = MemoryStore()
    world = World(store=Slow(inner))
    world.bus.down = True
    put = of_outbox(of_change(found(ENGINEERING, user(1), Action.ADDED, 1), now=now()))
    await inner.commit(LEDGER_COLLECTION, TOTAL, [put])

    with pytest.raises(TemporaryError):
        await world.context.outbox.flush(TOTAL)

    assert len((await History(inner, now).newest(9)).entries) == 1


@virtual
async def test_a_change_that_a_newer_one_replaces_is_published_as_superseded() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1), origin=1)
    await world.left(ENGINEERING, user(1), origin=2)

    await drain(world.context, WAKE)

    assert sorted(told(world)) == [
        (user(1), "added", "superseded"),
        (user(1), "removed", "succeeded"),
    ]


def events(writes: Sequence[Write]) -> list[Json]:
    """The events among writes that may also mark a failed row."""
    return [one.body for one in writes if isinstance(one, Put) and "data" in one.body]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (None, []),
        (change(state=State.SUCCEEDED, finished_at=NOW), []),
        (change(state=State.WAITING), ["superseded"]),
    ],
)
def test_of_a_row_that_moved_only_the_end_of_an_open_row_in_its_place_is_told(
    before: Change | None, told: list[str]
) -> None:
    moved = removal(origin=2, state=State.SUCCEEDED, finished_at=NOW)
    writes = outcomes_of_moved([moved], "FORMER")(before, moved)

    assert [event["data"]["result"] for event in events(writes)] == told


CAUSES = tuple(Cause("/hr", str(number)) for number in range(MAX_CAUSES + 2))


@pytest.mark.parametrize("how", [outcomes_of, outcomes_of_moved([change()], "FORMER")])
def test_an_event_for_which_an_open_row_has_no_room_any_more_is_told_so(
    how: Callable[[Change | None, Change], Sequence[Write]],
) -> None:
    before = change(state=State.WAITING, causes=CAUSES[:MAX_CAUSES])
    now = newer(before, change(age=-1, causes=CAUSES[MAX_CAUSES:]))
    assert now is not None

    told = [event["data"] for event in events(how(before, now))]

    assert [one["causes"] for one in told] == [[{"source": "/hr", "id": n}] for n in "01"]
    assert {one["result"] for one in told} == {"superseded"}
    assert not how(now, replace(now, state=State.PENDING))
    ended = change(state=State.SUCCEEDED, finished_at=NOW, causes=CAUSES[:1])
    assert not how(ended, replace(ended, state=State.PENDING, causes=CAUSES[1:2]))


def test_the_alert_about_a_removal_that_failed_is_of_the_time_when_it_failed() -> None:
    failed = removal(age=60, state=State.FAILED, finished_at=NOW)

    told = events(outcomes_of(None, failed))

    assert [(event["data"]["result"], event["time"]) for event in told] == [
        ("failed", NOW.isoformat()),
        ("revocation_not_taken", NOW.isoformat()),
    ]
