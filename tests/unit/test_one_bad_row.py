"""Any one document of the store is replaced by garbage: no timer and no worker ends in an exception
that nobody expected, and nobody whom the document does not concern has to wait."""

import asyncio
import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hasten.context import Context
from hasten.domain.changes import Cause, FoundBy
from hasten.domain.intents import Intent, Wanted
from hasten.ensure.run import ensure
from hasten.errors import PermanentError, TemporaryError
from hasten.messages import Ensure, Look, Wake
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from hasten.provision.drain import drain
from hasten.records import stops
from hasten.records.lease_record import BEAT_SILENT_AFTER
from hasten.records.people import LatestJoin
from hasten.records.stops import StopRecord
from hasten.timers import TIMERS, run
from hasten.watch.look import look
from tests.fakes.memory_store import MemoryStore
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

MAY_HOLD = frozenset({"brakes", "stops"})
"""Collections whose garbage counts as "held"."""

DAMAGE: st.SearchStrategy[str | tuple[int, Any]] = st.one_of(
    st.sampled_from(["", "{", "null", "[]", "{}", '"text"', "\x00"]),
    st.tuples(st.integers(0, 50), st.sampled_from([None, [], {}, "", "odd", -1, True])),
)
"""Another text, or another value for one field of the body."""


@given(place=st.integers(0, 10_000), damage=DAMAGE)
def test_one_document_of_garbage_holds_up_nobody_else(
    place: int, damage: str | tuple[int, Any]
) -> None:
    @virtual
    async def body() -> None:
        world = World(keeps_agenda=True)
        await _live(world)
        collection, partition, key, text = _document(world, place)
        _store(world).plant(collection, partition, key, _damaged(text, damage))
        world.events.clear()

        await _go_on(world)

        where = (collection, partition, key)
        assert not [e for e in world.events if e.result == "crashed"], where
        for group, joiner, leaver in ((ENGINEERING, 11, 1), (ADMIN, 12, 2)):
            for number in (joiner, leaver):
                if _concerns(where, group, user(number)):
                    continue
                row = await world.ledger.find(TOTAL, group, user(number))
                assert row is not None, (where, number)
                if collection not in MAY_HOLD:
                    assert not row.is_open, (where, number, row)
                assert row.is_removal is (number == leaver), (where, number)

    body()


def _concerns(where: tuple[str, str, str], group: str, who: str) -> bool:
    """Returns whether the document is about the person, or is the cursor of the group: what changed
    since is left to Entra's cycle then, with an alert."""
    collection, partition, key = where
    return who in key or (collection, partition, key) == ("cursors", "groups", group)


async def _live(world: World) -> None:
    """Writes something to every collection."""
    context = world.context
    await run(context, "sweep")
    for group, number in ((ENGINEERING, 1), (ADMIN, 2), (ENGINEERING, 3)):
        world.directory.join(group, user(number))
    world.directory.has_user(user(4))
    await _work(context)
    world.directory.leave(ENGINEERING, user(3))
    await context.intents.record([_intent(4)])
    await context.people.join(TOTAL, ENGINEERING, [user(4)], LatestJoin(time=now(), cause="c"))
    later = Message(body={"a": 1}, message_id="later", at=now() + timedelta(days=3))
    await context.bus.send(ONBOARDING_EVENTS, [later])
    stop = StopRecord(target="OTHER", is_stop=True, by="somebody", reason="a test", at=now())
    await stops.save(context.store, stop)
    await _work(context)
    for timer in TIMERS:
        await run(context, timer)


async def _go_on(world: World) -> None:
    """Two people join, two leave, and everything runs as if the process had started anew."""
    for group, joiner, leaver in ((ENGINEERING, 11, 1), (ADMIN, 12, 2)):
        world.directory.join(group, user(joiner))
        world.directory.leave(group, user(leaver))
    for _ in range(2):
        await asyncio.sleep(BEAT_SILENT_AFTER.total_seconds() + 1)
        context = world.context
        for timer in TIMERS:
            await run(context, timer)
        await _work(context)


async def _work(context: Context) -> None:
    for group in (ENGINEERING, ADMIN):
        at = now() - timedelta(minutes=1)
        one = Look(group=group, noticed_at=at, found_by=FoundBy.RECONCILE)
        await _tried(look(context, one))
    await _tried(ensure(context, Ensure(target=TOTAL)))
    await _tried(drain(context, Wake(target=TOTAL)))


async def _tried(work: Any) -> None:
    """A message whose work meets one of these errors comes again."""
    try:
        await work
    except (TemporaryError, PermanentError):
        return


def _intent(number: int) -> Intent:
    return Intent(
        target=TOTAL,
        group=ENGINEERING,
        user=user(number),
        wanted=Wanted.MEMBER,
        time=now(),
        cause=Cause("hr", f"event-{number}"),
        recorded_at=now(),
    )


def _store(world: World) -> MemoryStore:
    assert isinstance(world.store, MemoryStore)
    return world.store


def _document(world: World, place: int) -> tuple[str, str, str, str]:
    store = _store(world)
    documents = sorted(
        (collection, partition, key, text)
        for collection, partition in store.places()
        for key, text, _ in store.texts(collection, partition)
    )
    return documents[place % len(documents)]


def _damaged(text: str, damage: str | tuple[int, Any]) -> str:
    if isinstance(damage, str):
        return damage
    number, value = damage
    body = json.loads(text)
    if not body:
        return "{"
    name = sorted(body)[number % len(body)]
    return json.dumps({**body, name: value})
