"""The starts and ends that lie ahead: listed with their people, dropped, or brought forward."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.errors import PermanentError
from hasten.onboard.message import Posted
from hasten.operate.scheduled import (
    DropResult,
    Scheduled,
    bring_forward,
    drop,
    find,
    for_now,
    scheduled,
)
from hasten.ports.bus import ONBOARDING_EVENTS, Message
from tests.support.lying_ahead import WHY, World, made
from tests.support.posting import GROUP, OFFBOARD, ONBOARD, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, user


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


@pytest.mark.parametrize("others", [[{}], [{"endAt": 7200}], [{"endAt": 7200}, {"startAt": 600}]])
@pytest.mark.parametrize("age", [20, 10])
@virtual
async def test_an_end_is_shown_as_overtaken_by_other_onboardings_only_if_nothing_happens(
    others: list[dict[str, Any]], age: float
) -> None:
    """The end counts against onboardings of the same time, and not against newer ones."""
    world = World()
    await world.is_discovered()
    posted_at = at(-20)
    await world.posts({**made({"endAt": 3600}, "first", 20), "time": posted_at})
    for number, spec in enumerate(others):
        time = posted_at if age == 20 else at(-age)
        await world.posts({**made(spec, f"other{number}", age), "time": time})
    [end] = await find(world.context, "first:end")
    for wait in (1000, 2599):
        await asyncio.sleep(wait)
        await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
        await world.comes()
    [shown] = [one for one in await world.ahead() if one.id == end.message.message_id]

    await asyncio.sleep(2)
    await world.context.agenda.post_due(ONBOARDING_EVENTS, now())
    await world.comes()

    assert shown.is_overtaken is (age == 10)
    stays = await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert stays is shown.is_overtaken


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
        about: dict[str, Any] = {"users": [ref(1)], "group": GROUP, "startAt": at(3600)}
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
