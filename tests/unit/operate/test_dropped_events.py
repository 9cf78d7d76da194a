"""Starts and ends that an operator has dropped: none of them comes about, and no answer says more
than is so."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.changes import Cause
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import STALE
from hasten.errors import TemporaryError
from hasten.events.parts import part_in
from hasten.limits import RETENTION
from hasten.onboard.message import TRIES
from hasten.operate.report_drops import report_drops
from hasten.operate.scheduled import (
    DUE_WITHIN,
    DropResult,
    bring_forward,
    drop,
    find,
)
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Write
from hasten.records import cancelled, drops
from hasten.records.alarms import AGENDA_COLLECTION
from hasten.retention import forget_old
from tests.support.lying_ahead import DATED, WHY, World, made
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


@virtual
async def test_a_dropped_start_never_comes_and_who_dropped_it_is_logged_once() -> None:
    world = World()
    await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600), event_id="a"))
    await world.posts(event(users=[ref(2)], group=GROUP, startAt=at(3600), event_id="b"))
    [entry] = await find(world.context, "a")

    assert await drop(world.context, entry, **WHY) is DropResult.DROPPED
    assert await drop(world.context, entry, **WHY) is DropResult.GONE

    assert [one.event for one in await world.ahead()] == ["b"]
    for _ in range(3):
        await report_drops(world.context)
    [told] = [e for e in world.events if e.name == "drop"]
    assert (told.fields["by"], told.fields["reason"]) == (WHY["by"], WHY["reason"])
    [kept] = await drops.load_all(world.store)
    assert (kept.users, kept.target, kept.event) == ([user(1)], TOTAL, "a")
    await asyncio.sleep(timedelta(days=91).total_seconds())
    await forget_old(world.context)
    assert await drops.load_all(world.store) == []


CAUSE = Cause("another source", "another event")


@pytest.mark.parametrize("name", DATED)
@virtual
async def test_a_copy_of_a_cancelled_event_has_no_effect_and_its_producer_learns_why(
    name: str,
) -> None:
    """Service Bus may deliver the event a second time, and Hasten keeps it a second time."""
    world = World()
    cancelled_event, spec = DATED[name]
    for _ in range(2):
        await world.posts(made(spec, "a", 10))
    first, copy = await find(world.context, cancelled_event)
    wanted = await world.wanted(ENGINEERING, 1)

    assert await drop(world.context, first, **WHY) is DropResult.DROPPED

    [shown] = await world.ahead()
    assert (shown.id, shown.overtaken) == (copy.message.message_id, [user(1)])
    await asyncio.sleep(3600)
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is wanted
    assert await world.ahead() == []
    assert world.told() == [(user(1), STALE)]
    assert world.reasons() == ["an operator cancelled the event"]
    assert [e.fields["message"] for e in world.events if e.result == "cancelled"] == ["posted-1"]


@pytest.mark.parametrize("tries", [0, 1])
@virtual
async def test_what_the_producer_posted_has_no_effect_once_it_is_cancelled(tries: int) -> None:
    """It comes again after its date: its lock was lost, or Hasten tries it again."""
    world = World()
    posted = made({"startAt": 60}, "a", 10)
    await world.posts(posted)
    [entry] = await find(world.context, "a")
    await drop(world.context, entry, **WHY)

    await asyncio.sleep(120)
    await world.posts(posted, properties={TRIES: str(tries)} if tries else None)

    assert await world.wanted(ENGINEERING, 1) is None
    assert world.reasons() == ["an operator cancelled the event"]


@pytest.mark.parametrize("kind", [ONBOARD, OFFBOARD])
@virtual
async def test_nobody_is_told_that_an_event_was_cancelled_that_had_begun(kind: str) -> None:
    """It was posted, and the worker died before it removed the entry."""
    world = World()
    group: dict[str, Any] = {"groups": [GROUP]} if kind == OFFBOARD else {"group": GROUP}
    group |= {"endAt" if kind == OFFBOARD else "startAt": at(60)}
    await world.posts(event(kind, users=[ref(1)], event_id="a", **group))
    [entry] = await find(world.context, "a")
    await asyncio.sleep(61)
    await world.receives(entry.message)
    wanted = await world.wanted(ENGINEERING, 1)
    assert wanted is not None

    assert await drop(world.context, entry, **WHY) is DropResult.DUE
    await world.receives(entry.message)

    assert await world.wanted(ENGINEERING, 1) is wanted
    assert world.told() == []


@pytest.mark.parametrize("is_written", [False, True])
@virtual
async def test_a_drop_of_which_the_store_does_not_answer_is_made_as_a_whole_or_not_at_all(
    is_written: bool,  # noqa: FBT001 - a case of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    [entry] = await find(world.context, "a")
    commit = world.store.commit

    async def fails(collection: str, partition: str, writes: Sequence[Write]) -> Any:
        if collection != AGENDA_COLLECTION:
            return await commit(collection, partition, writes)
        if is_written:
            await commit(collection, partition, writes)
        raise TemporaryError("the store does not answer", timedelta(0))

    with monkeypatch.context() as broken:
        broken.setattr(world.store, "commit", fails)
        with pytest.raises(TemporaryError):
            await drop(world.context, entry, **WHY)

    recorded = [one.event for one in await drops.load_all(world.store)]
    part = part_in(entry.message.raw or b"", is_end=False)
    is_cancelled = bool(await cancelled.people_of(world.store, part, CAUSE, TOTAL, entry.due))
    assert [one.overtaken for one in await world.ahead()] == ([] if is_written else [[]])
    assert (recorded, is_cancelled) == ((["a"], True) if is_written else ([], False))
    again = await drop(world.context, entry, **WHY)
    assert again is (DropResult.GONE if is_written else DropResult.DROPPED)
    assert len(await drops.load_all(world.store)) == 1


@virtual
async def test_only_the_event_that_was_cancelled_has_no_effect() -> None:
    """Not another part of it, nor the same again with another date."""
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    for entry in await find(world.context, "a"):
        await drop(world.context, entry, **WHY)
    await world.posts(made({"startAt": 1800}, "a", 10))
    await world.posts(event(users=[ref(2)], group=GROUP, event_id="a", startAt=at(3600)))

    await asyncio.sleep(3600)
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()

    assert [await world.wanted(ENGINEERING, n) for n in (1, 2)] == [Wanted.MEMBER] * 2


@pytest.mark.parametrize("margin", [-1, 1])
@virtual
async def test_what_is_due_may_have_begun(margin: int) -> None:
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 0))
    [entry] = await find(world.context, "a")
    await asyncio.sleep(3600 - DUE_WITHIN.total_seconds() + margin)

    result = await drop(world.context, entry, **WHY)

    assert result is (DropResult.DROPPED if margin < 0 else DropResult.DUE)
    assert await world.ahead() == []


@virtual
async def test_that_an_event_was_cancelled_is_known_for_as_long_as_a_copy_may_come() -> None:
    world = World()
    await world.posts(made({"endAt": 400 * 86400}, "a", 0))
    [entry] = await find(world.context, "a:end")
    await drop(world.context, entry, **WHY)
    part = part_in(entry.message.raw or b"", is_end=True)

    await asyncio.sleep((entry.due + RETENTION - now()).total_seconds())
    await forget_old(world.context)
    assert await cancelled.people_of(world.store, part, CAUSE, TOTAL, entry.due) == {user(1)}

    await asyncio.sleep(1)
    await forget_old(world.context)
    assert not await cancelled.people_of(world.store, part, CAUSE, TOTAL, entry.due)


@pytest.mark.parametrize("lies", ["ahead", "behind"])
@virtual
async def test_a_copy_of_a_cancelled_last_day_lets_everything_else_of_the_person_be(
    lies: str,
) -> None:
    """A last day for all groups overtakes what came before, but not if it was cancelled."""
    world = World()
    await world.posts(made({"startAt": 3600}, "hire", 20))
    last_day = made({"kind": OFFBOARD, "group": None, "endAt": 60}, "last day", 10)
    await world.posts(last_day)
    [entry] = await find(world.context, "last day")
    assert await drop(world.context, entry, **WHY) is DropResult.DROPPED

    await asyncio.sleep(30 if lies == "ahead" else 90)
    await world.posts(last_day)
    await asyncio.sleep(3600)
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()

    assert world.reasons() == ["an operator cancelled the event"]
    person = await world.context.people.find(TOTAL, user(1))
    assert person is not None
    assert person.left_at is None
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@pytest.mark.parametrize("given", ["a", "the id of the entry"])
@virtual
async def test_a_part_that_comes_later_is_cancelled_with_its_event_and_not_with_another_part(
    given: str,
) -> None:
    """Graph did not show its people when the operator cancelled the event."""
    world = World()
    await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600), event_id="a"))
    [entry] = await find(world.context, "a")
    assert await drop(world.context, entry, given=given, **WHY) is DropResult.DROPPED

    await world.posts(event(users=[ref(2)], group=GROUP, startAt=at(3600), event_id="a"))
    for late in await world.ahead():
        [lying] = await find(world.context, late.id)
        await bring_forward(world.context, lying, **WHY)
    await asyncio.sleep(3600)
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()

    wanted = await world.wanted(ENGINEERING, 2)
    assert wanted is (None if given == "a" else Wanted.MEMBER)
