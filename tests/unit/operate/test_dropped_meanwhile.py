"""Several operators decide about one event, or an operator and its date: one of them is first, and
each is told what became of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from hasten.domain.history import BEGUN, DONE, EntryKind, Filter
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import STALE
from hasten.errors import PermanentError, TemporaryError
from hasten.operate.everything import everything_about
from hasten.operate.problems import of_error
from hasten.operate.report_drops import report_drops
from hasten.operate.scheduled import (
    BroughtForward,
    DropResult,
    bring_forward,
    drop,
    find,
)
from hasten.ports.bus import ONBOARDING_EVENTS
from hasten.ports.store import Write
from hasten.records import drops
from hasten.records.agenda import Agenda
from hasten.records.alarms import AGENDA_COLLECTION
from tests.support.lying_ahead import DATED, WHY, World, made
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user


@pytest.mark.parametrize("name", DATED)
@pytest.mark.parametrize("has_come", [False, True])
@virtual
async def test_a_copy_of_an_event_that_was_brought_forward_cannot_be_dropped(
    name: str,
    has_come: bool,  # noqa: FBT001 - a case
) -> None:
    world = World()
    given, spec = DATED[name]
    for _ in range(2):
        await world.posts(made(spec, "a", 10))
    first, copy = await find(world.context, given)
    assert (await bring_forward(world.context, first, **WHY)).is_done
    if has_come:
        await world.comes()

    assert await drop(world.context, copy, given=given, **WHY) is DropResult.GONE

    await world.comes()
    wanted = await world.wanted(ENGINEERING, 1)
    assert wanted is (Wanted.MEMBER if "start" in name else Wanted.ABSENT)
    assert await drops.load_all(world.store) == []
    assert STALE not in {result for _, result in world.told()}


@virtual
async def test_of_two_operators_who_cancel_the_same_only_the_first_is_recorded() -> None:
    world = World()
    for _ in range(2):  # Service Bus delivered it twice
        await world.posts(made({"startAt": 3600}, "a", 10))
    one, copy = await find(world.context, "a")
    first, second = {"by": "first", "reason": "r"}, {"by": "second", "reason": "r"}

    results = await asyncio.gather(
        drop(world.context, one, **first),
        drop(world.context, one, **second),
        drop(world.context, copy, **second),
    )

    assert sorted(results) == [DropResult.DROPPED, DropResult.DROPPED, DropResult.GONE]
    recorded = {one.message: one.by for one in await drops.load_all(world.store)}
    assert recorded == {
        one.message.message_id: "first" if results[0] is DropResult.DROPPED else "second",
        copy.message.message_id: "second",
    }


@virtual
async def test_what_somebody_else_cancels_while_hasten_looks_is_cancelled_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another operator drops a copy between the look at the records and the commit."""
    world = World()
    for _ in range(2):
        await world.posts(made({"startAt": 3600}, "a", 10))
    one, copy = await find(world.context, "a")
    commit, others = world.store.commit, [copy]

    async def meanwhile(collection: str, partition: str, writes: Sequence[Write]) -> Any:
        if collection == AGENDA_COLLECTION and others:
            await drop(world.context, others.pop(), **WHY)
        return await commit(collection, partition, writes)

    monkeypatch.setattr(world.store, "commit", meanwhile)

    assert await drop(world.context, one, **WHY) is DropResult.DROPPED
    assert await world.ahead() == []
    assert len(await drops.load_all(world.store)) == 2


@pytest.mark.parametrize("how", ["posted at its date", "brought forward"])
@virtual
async def test_a_drop_that_came_too_late_leaves_no_trace_and_the_event_is_carried_out(
    how: str,
) -> None:
    """Also while its message is still on the queue."""
    world = World()
    await world.is_discovered()
    await world.posts(made({"startAt": 60}, "a", 10))
    [entry] = await find(world.context, "a")
    if how == "brought forward":
        assert (await bring_forward(world.context, entry, **WHY)).is_done
    else:
        await asyncio.sleep(61)
        await world.context.agenda.post_due(ONBOARDING_EVENTS, now())

    assert await drop(world.context, entry, **WHY) is DropResult.GONE
    await world.comes()

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert (await everything_about(world.context, user(1), [world.target])).dropped == []
    await report_drops(world.context)
    assert [e for e in world.events if e.name == "drop"] == []


@virtual
async def test_what_another_operator_has_cancelled_meanwhile_is_not_brought_forward() -> None:
    world = World()
    for _ in range(2):  # Service Bus delivered it twice
        await world.posts(made({"startAt": 3600}, "a", 10))
    one, copy = await find(world.context, "a")
    await drop(world.context, one, **WHY)

    assert await bring_forward(world.context, one, **WHY) == BroughtForward(is_done=False)
    assert await bring_forward(world.context, copy, **WHY) == BroughtForward(is_done=False)

    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is None


@virtual
async def test_what_was_brought_forward_is_not_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the command dies before it has posted the event: a timer does."""
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    [entry] = await find(world.context, "a")
    with monkeypatch.context() as dying:
        dying.setattr(Agenda, "post_due", AsyncMock(side_effect=asyncio.CancelledError))
        with pytest.raises(asyncio.CancelledError):
            await bring_forward(world.context, entry, **WHY)

    assert await drop(world.context, entry, **WHY) is DropResult.GONE

    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("Service Bus is silent", timedelta(seconds=1)),
        PermanentError("the role is missing", "grant it"),
    ],
)
@virtual
async def test_what_is_brought_forward_and_not_posted_yet_counts_as_done_and_the_error_is_told(
    error: TemporaryError | PermanentError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer posts it."""
    world = World()
    await world.posts(made({"startAt": 3600}, "a", 10))
    [entry] = await find(world.context, "a")
    with monkeypatch.context() as broken:
        broken.setattr(world.bus, "send", AsyncMock(side_effect=error))

        brought = await bring_forward(world.context, entry, **WHY)

    assert brought == BroughtForward(is_done=True, problem=of_error(error))
    page = await world.context.history.newest(
        9, matches=Filter(kinds=frozenset({EntryKind.BROUGHT_FORWARD}))
    )
    assert {entry.result for entry in page.entries} == {BEGUN, DONE}
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
