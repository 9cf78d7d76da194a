"""What takes the place of a record that cannot be read and of which a target or a group has one:
never "not held", "not stopped" or "not gone"."""

import asyncio
import json
from datetime import timedelta

import pytest

from hasten.domain.changes import State
from hasten.domain.intents import Recorded, Wanted
from hasten.ensure.run import ensure
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure
from hasten.operate.stop import start
from hasten.provision.drain import drain
from hasten.records import lease_record, stops, unreadable
from hasten.records.lease_record import WorkKind
from hasten.records.ledger_keys import LEDGER_COLLECTION, WINDOW_KEY
from hasten.records.recent_removals import WHOLE_TARGET, RecentRemovals
from hasten.timers import run
from hasten.watch.look import look
from hasten.watch.sweep import sweep
from tests.fakes.memory_store import MemoryStore
from tests.support.looking import WAKE, a_look, watched
from tests.support.posting import Posting, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

BRAKES, GARBAGE = "brakes", '{"target": "TO'


def store(world: World) -> MemoryStore:
    assert isinstance(world.store, MemoryStore)
    return world.store


@pytest.mark.parametrize(
    "key", [f"trip|{ENGINEERING}", f"left|{ENGINEERING}|007", "trip|*", "left|", "something new"]
)
def test_the_brake_holds_removals_until_an_operator_releases(key: str) -> None:
    @virtual
    async def body() -> None:
        world = await watched()
        world.directory.join(ENGINEERING, user(1))
        await look(world.context, a_look())
        await drain(world.context, WAKE)
        store(world).plant(BRAKES, TOTAL, key, GARBAGE)
        world.directory.leave(ENGINEERING, user(1))
        calls = len(world.directory.calls)

        await look(world.context, a_look())
        await drain(world.context, WAKE)

        row = await world.row(ENGINEERING, user(1))
        assert (row.state, len(world.directory.calls)) == (State.HELD, calls)
        assert "cannot be read" in row.reason
        assert [k for k, _, _ in store(world).texts(BRAKES, TOTAL) if k == key]

        of = WHOLE_TARGET if ENGINEERING not in key else ENGINEERING
        await RecentRemovals(world.store).forget(TOTAL, of)
        assert await RecentRemovals(world.store).tripped(TOTAL, ENGINEERING, now()) is None

    body()


@virtual
async def test_garbage_about_one_group_holds_no_removal_of_another() -> None:
    world = await watched()
    world.directory.join(ENGINEERING, user(1))
    await look(world.context, a_look())
    await drain(world.context, WAKE)
    store(world).plant(BRAKES, TOTAL, f"trip|{ADMIN}", GARBAGE)
    world.directory.leave(ENGINEERING, user(1))

    await look(world.context, a_look())
    await drain(world.context, WAKE)

    assert not (await world.row(ENGINEERING, user(1))).is_open


@pytest.mark.parametrize("key", [TOTAL, "*"])
def test_a_stop_that_cannot_be_read_holds_until_start(key: str) -> None:
    @virtual
    async def body() -> None:
        world = World()
        await world.is_discovered()
        await world.joined(ENGINEERING, user(1))
        store(world).plant("stops", "stops", key, GARBAGE)

        await drain(world.context, WAKE)
        assert world.directory.calls == []
        await start(world.context, key, by="an operator", reason="it was damaged")
        await drain(world.context, WAKE)

        assert len(world.directory.calls) == 1

    body()


@virtual
async def test_a_stop_of_another_target_that_cannot_be_read_stops_nobody_else() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    store(world).plant("stops", "stops", "OTHER", GARBAGE)

    assert await stops.find(world.store, TOTAL) is None
    assert await stops.stopped(world.store, [TOTAL, "OTHER"]) == {"OTHER"}


@virtual
async def test_the_drain_takes_a_lease_that_cannot_be_read() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    store(world).plant(LEDGER_COLLECTION, TOTAL, "lease|drain", GARBAGE)

    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1
    assert (await lease_record.load(world.store, TOTAL, WorkKind.DRAIN)).owner == ""


@virtual
async def test_ensure_stops_with_the_reason_as_nobody_knows_which_writes_have_no_end() -> None:
    world = World()
    await world.is_discovered()
    store(world).plant(LEDGER_COLLECTION, TOTAL, "lease|ensure", GARBAGE)

    with pytest.raises(PermanentError, match=r"lease\|ensure") as caught:
        await ensure(world.context, Ensure(target=TOTAL))
    await run(world.context, "wake")

    assert "entity" in caught.value.next_action
    assert world.results("row") == ["unreadable"]


@virtual
async def test_a_call_window_that_cannot_be_read_counts_as_full() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    store(world).plant(LEDGER_COLLECTION, TOTAL, WINDOW_KEY, GARBAGE)
    began = now()

    await drain(world.context, WAKE)

    [call] = world.directory.calls
    assert call.at - began >= timedelta(seconds=10)


@virtual
async def test_a_lost_target_is_swept_anew_and_the_look_waits_for_it() -> None:
    world = await watched()
    await sweep(world.context)
    store(world).plant("targets", "found", TOTAL, GARBAGE)
    world.directory.join(ENGINEERING, user(1))

    with pytest.raises(TemporaryError, match=TOTAL):
        await look(world.context, a_look())
    await sweep(world.context)
    await look(world.context, a_look())

    assert [row.user for row in await world.ledger.open_changes(TOTAL)] == [user(1)]


@virtual
async def test_who_was_unassigned_meanwhile_is_revoked_by_the_sweep_of_a_lost_target() -> None:
    world = World()
    world.directory.has_user(user(1))
    world.directory.grant(user(1), kind="User")
    await sweep(world.context)
    await asyncio.sleep(60)
    world.directory.granted.clear()
    store(world).plant("targets", "found", TOTAL, GARBAGE)

    await sweep(world.context)

    [row] = await world.ledger.open_changes(TOTAL)
    assert (row.user, row.is_removal) == (user(1), True)


@pytest.mark.parametrize("collection", ["people", "intents"])
def test_an_event_waits_for_the_person_whose_row_cannot_be_read_and_the_others_go_on(
    collection: str,
) -> None:
    @virtual
    async def body() -> None:
        world = Posting()
        await world.posts(event(group={"id": ENGINEERING}, users=[ref(1)], event_id="0", age=60))
        key = user(1) if collection == "people" else f"open|{ENGINEERING}|{user(1)}"
        [whole] = [text for k, text, _ in store(world).texts(collection, TOTAL) if k == key]
        store(world).plant(collection, TOTAL, key, GARBAGE)
        both = event(group={"id": ENGINEERING}, users=[ref(1), ref(2)])

        with pytest.raises(TemporaryError, match="cannot be read"):
            await world.posts(both)
        assert world.results("onboarding")[-1] == "waiting"
        assert await world.wanted(ENGINEERING, 2) is Wanted.MEMBER
        assert world.ensured()
        assert world.parked() == []
        store(world).plant(collection, TOTAL, key, whole)
        await world.posts(both)

        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
        intent = await world.intent(ENGINEERING, 1)
        assert intent is not None
        assert intent.cause.id == "1"

    body()


@virtual
async def test_an_intent_that_cannot_be_read_holds_its_person_and_is_not_written_over() -> None:
    world = Posting()
    await world.posts(event(group={"id": ENGINEERING}, users=[ref(1)]))
    intent = await world.intent(ENGINEERING, 1)
    assert intent is not None
    key = f"open|{intent.key}"
    store(world).plant("intents", TOTAL, key, json.dumps({"wanted": "someday"}))

    [(_, what)] = await world.context.intents.record([intent])
    held = await world.context.intents.find(TOTAL, ENGINEERING, user(1))

    assert what is Recorded.UNREADABLE
    assert held is not None
    assert (held.is_unreadable, held.is_tried(now()), held.wanted) == (True, False, Wanted.ABSENT)
    assert "someday" in next(t for k, t, _ in store(world).texts("intents", TOTAL) if k == key)
    assert [row.key for row in await unreadable.load_all(world.store)] == [key]
