"""Hasten compares nobody with each of the others: with thousands of people that takes minutes, in
which the process answers nobody and loses its leases."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, Cause, Change, FoundBy
from hasten.domain.intents import Intent, Wanted
from hasten.domain.planning import Call
from hasten.ensure.run import ensure
from hasten.events.models import UserRef
from hasten.messages import Wake
from hasten.operate.scheduled import drop, find
from hasten.provision.drain import drain
from hasten.watch.look import start_watching
from tests.support.ensuring import RUN, Onboarding
from tests.support.lying_ahead import WHY, World
from tests.support.posting import GROUP, OFFBOARD, at, event
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

PEOPLE = [user(number) for number in range(300)]


async def everybody_there() -> Onboarding:
    world = Onboarding()
    await world.is_discovered()
    for one in PEOPLE:
        world.directory.has_user(one)
    world.directory.join(ENGINEERING, *PEOPLE)
    await start_watching(world.context, ENGINEERING)
    return world


async def a_drain_with_changed_profiles() -> None:
    world = await everybody_there()
    changed = Change(
        target=TOTAL,
        group=OWN_ACCOUNT,
        user="",
        action=Action.UPDATED,
        origin=1,
        noticed_at=now(),
        found_at=now(),
        seen_at=now(),
        due_at=now(),
        found_by=FoundBy.NOTIFICATION,
    )
    await world.ledger.record([replace(changed, user=one) for one in PEOPLE])
    await drain(world.context, Wake(target=TOTAL), longest=timedelta(seconds=1))
    assert await world.ledger.open_changes(TOTAL)


async def an_event_that_removes_all() -> None:
    world = await everybody_there()
    intents = await world.wants(ENGINEERING, *PEOPLE, wanted=Wanted.ABSENT)
    anew = partial(replace, time=now(), people=len(PEOPLE), cause=Cause("/hr", "all"))
    many = [anew(one) for one in intents]
    await world.intents.record(many)
    await ensure(world.context, RUN)
    assert all("one event" in one.held for one in await world.intents.open_intents(TOTAL))


async def a_copy_of_an_event_that_is_cancelled() -> None:
    world = World()
    given = event(OFFBOARD, users=[{"id": one} for one in PEOPLE], groups=[GROUP], endAt=at(900))
    await world.posts(given)
    [entry] = await find(world.context, given["id"])
    await drop(world.context, entry, **WHY, given=given["id"])
    await world.posts(given)
    assert {result for _, result in world.told()} == {"stale"}


@pytest.mark.parametrize(
    ("work", "compared"),
    [
        (a_drain_with_changed_profiles, Call),
        (an_event_that_removes_all, Intent),
        (a_copy_of_an_event_that_is_cancelled, UserRef),
    ],
)
def test_nobody_is_compared_with_each_of_the_others(
    work: Callable[[], Awaitable[None]], compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, equal = [0], compared.__eq__

    def counted(one: object, other: object) -> bool:
        times[0] += 1
        return bool(equal(one, other))

    monkeypatch.setattr(compared, "__eq__", counted)

    @virtual
    async def run() -> None:
        await work()

    run()
    assert times[0] <= 10 * len(PEOPLE)
