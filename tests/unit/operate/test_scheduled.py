"""The starts and ends that lie ahead: listed with their people, dropped, or brought forward."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import STALE
from hasten.errors import PermanentError
from hasten.onboard.message import Posted
from hasten.operate.scheduled import (
    DUE_WITHIN,
    DropResult,
    Scheduled,
    bring_forward,
    drop,
    find,
    for_now,
    report_drops,
    scheduled,
)
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from hasten.records import cancelled, drops
from hasten.retention import forget_old
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, Posting, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

WHY = {"by": "an operator", "reason": "the contract was cancelled"}


class World(Posting):
    def __init__(self) -> None:
        super().__init__(keeps_agenda=True)

    async def ahead(self, *users: str) -> list[Scheduled]:
        return await scheduled(self.context, targets=[TOTAL], users=users)

    async def comes(self) -> None:
        """Handles what was posted, and forgets it."""
        posted = self.bus.of(ONBOARDING_EVENTS)
        self.bus.sent = [one for one in self.bus.sent if one[0] != ONBOARDING_EVENTS]
        for message in posted:
            if message.raw is not None:
                await self.receives(message)


def when(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)


@virtual
async def test_starts_and_ends_are_listed_with_their_people_what_comes_first_first() -> None:
    world = World()
    await world.posts(event(users=[ref(1), ref(2)], group=GROUP, startAt=at(7200), event_id="a"))
    await world.posts(event(users=[ref(3)], group=GROUP, endAt=at(3600), event_id="b"))
    await world.posts(event(OFFBOARD, users=[ref(4)], endAt=at(9000), event_id="c"))

    first, second, third = await world.ahead()

    assert (first.event, first.what, first.users, first.at) == (
        "b:end",
        "ends",
        [user(3)],
        when(3600),
    )
    assert (second.event, second.what, second.users) == ("a", "starts", [user(1), user(2)])
    assert (third.event, third.what, third.groups) == ("c", "takes effect", ["*"])
    assert [one.event for one in await world.ahead(user(2))] == ["a"]
    assert await scheduled(world.context, targets=["OTHER"]) == []


@virtual
async def test_a_retry_is_not_listed_as_a_start() -> None:
    world = World()
    posted = Posted(body=b"{}", content_type="application/json", message_id="m-1", tries=1)
    await world.context.bus.send(ONBOARDING_EVENTS, [posted.message("m-2", when(200))])

    assert await world.ahead() == []


NEWER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a start that is moved": (
        {"startAt": 3600},
        {"startAt": 7200},
    ),
    "a start that an offboarding cancels": (
        {"startAt": 3600},
        {"kind": OFFBOARD, "group": None},
    ),
    "an end that is moved": (
        {"endAt": 3600},
        {"endAt": 7200},
    ),
    "an end without a new one": (
        {"endAt": 3600},
        {},
    ),
    "a last day that an onboarding cancels": (
        {"kind": OFFBOARD, "group": None, "groups": [GROUP], "endAt": 3600},
        {},
    ),
}


def made(spec: dict[str, Any], event_id: str, age: float) -> dict[str, Any]:
    fields: dict[str, Any] = {"group": GROUP, **spec}
    kind = fields.pop("kind", None)
    times: dict[str, Any] = {k: at(fields.pop(k)) for k in ("startAt", "endAt") if k in fields}
    fields = {**fields, **times}
    fields = {name: value for name, value in fields.items() if value is not None}
    return event(kind or ONBOARD, users=[ref(1)], event_id=event_id, age=age, **fields)


@pytest.mark.parametrize("name", NEWER)
@virtual
async def test_what_a_newer_event_has_decided_is_shown_as_overtaken(name: str) -> None:
    """And nothing happens when it comes."""
    world = World()
    await world.is_discovered()
    older, newer = NEWER[name]
    await world.posts(made(older, "older", 20))
    assert not any(one.overtaken for one in await world.ahead())

    await world.posts(made(newer, "newer", 10))

    ahead = await world.ahead()
    shown: dict[str, Scheduled] = {one.event.removesuffix(":end"): one for one in ahead}
    assert shown["older"].overtaken == [user(1)]
    assert not any(one.overtaken for name, one in shown.items() if name == "newer")
    wanted = await world.wanted(ENGINEERING, 1)
    await asyncio.sleep(3601)
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is wanted


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


DATED: dict[str, tuple[str, dict[str, Any]]] = {
    "a start": ("a", {"group": GROUP, "startAt": 3600}),
    "a start with an end": ("a", {"group": GROUP, "startAt": 3600, "endAt": 7200}),
    "an end": ("a:end", {"group": GROUP, "endAt": 3600}),
    "a last day": ("a", {"kind": OFFBOARD, "group": None, "groups": [GROUP], "endAt": 3600}),
}


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
    body = entry.message.raw or b""

    await asyncio.sleep(timedelta(days=400).total_seconds())
    await forget_old(world.context)
    assert await cancelled.contains(world.store, body)

    await asyncio.sleep(timedelta(days=91).total_seconds())
    await forget_old(world.context)
    assert not await cancelled.contains(world.store, body)


@virtual
async def test_a_start_that_is_brought_forward_comes_at_once_and_keeps_its_end() -> None:
    world = World()
    posted = event(users=[ref(1)], group=GROUP, startAt=at(3600), endAt=at(7200), event_id="a")
    await world.posts(posted)
    [entry] = await find(world.context, (await world.ahead())[0].id)

    await bring_forward(world.context, entry, by="os:kim", reason="a test")
    await world.comes()

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert [(one.event, one.what) for one in await world.ahead()] == [("a:end", "ends")]


@virtual
async def test_an_end_that_is_brought_forward_does_not_overtake_what_is_decided_later() -> None:
    world = World()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(3600), event_id="a"))
    [entry] = await find(world.context, "a:end")

    await bring_forward(world.context, entry, by="os:kim", reason="a test")
    await world.comes()
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    await asyncio.sleep(60)
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="b"))

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert await world.ahead() == []


@pytest.mark.parametrize("kind", [ONBOARD, OFFBOARD])
def test_an_end_is_brought_forward_long_after_its_event(kind: str) -> None:
    @virtual
    async def run() -> None:
        world = World()
        group: dict[str, Any] = {"groups": [GROUP]} if kind == OFFBOARD else {"group": GROUP}
        await world.posts(event(kind, users=[ref(1)], endAt=at(200 * 86400), **group))
        [entry] = await find(world.context, (await world.ahead())[0].id)
        await asyncio.sleep(timedelta(days=100).total_seconds())

        await bring_forward(world.context, entry, by="os:kim", reason="a test")
        await world.comes()

        assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT

    run()


@virtual
async def test_an_end_that_an_older_version_has_deferred_gets_the_present_time() -> None:
    end = event(OFFBOARD, event_id="a:end", users=[ref(1)], groups=[GROUP], time=at(3600))
    message = Message(message_id="m", raw=json.dumps(end).encode())

    brought = json.loads(for_now(message, now()).raw or b"")

    assert datetime.fromisoformat(brought["time"]) == now()


@virtual
async def test_a_last_day_that_is_brought_forward_is_today() -> None:
    world = World()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], endAt=at(3600)))
    [entry] = await find(world.context, "1")

    await bring_forward(world.context, entry, by="os:kim", reason="a test")
    await world.comes()

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_an_id_that_two_systems_gave_to_different_events_chooses_none_of_them() -> None:
    world = World()
    for source in ("/hr", "/itsm"):
        about = {"users": [ref(1)], "group": GROUP, "startAt": at(3600)}
        await world.posts({**event(event_id="7", **about), "source": source})

    with pytest.raises(PermanentError, match="events of 2 sources have the id 7"):
        await find(world.context, "7")

    one, other = await world.ahead()
    [entry] = await find(world.context, one.id)
    assert await drop(world.context, entry, **WHY) is DropResult.DROPPED
    assert [left.id for left in await world.ahead()] == [other.id]


@virtual
async def test_an_id_that_nothing_has_is_an_error() -> None:
    with pytest.raises(PermanentError, match="nothing is scheduled with the id x"):
        await find(World().context, "x")
