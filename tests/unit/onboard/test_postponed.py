"""A date that is put off by a newer event counts, whatever the older one said."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from hasten.domain.intents import Wanted
from hasten.domain.outcomes import STALE
from tests.support.posting import GROUP, OFFBOARD, Posting, at, event, ref
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

BY_ID = {"id": ENGINEERING}
HIRE = {"employeeId": "E-hire"}


async def until(world: Posting, seconds: float, *, begun: Any) -> None:
    """Each message that Hasten put off is received at its time."""
    end = begun + timedelta(seconds=seconds)
    while waiting := [message for message in world.sent_on() if message.at and message.at <= end]:
        message = min(waiting, key=lambda one: one.at or end)
        world.bus.sent = [sent for sent in world.bus.sent if sent[1] is not message]
        await asyncio.sleep(max(0.0, ((message.at or end) - now()).total_seconds()))
        await world.receives(message)
    await asyncio.sleep(max(0.0, (end - now()).total_seconds()))


@pytest.mark.parametrize("first", [GROUP, BY_ID])
@pytest.mark.parametrize("second", [GROUP, BY_ID])
@pytest.mark.parametrize("in_order", [True, False])
def test_a_start_that_is_put_off_gives_access_at_the_new_time(
    first: dict[str, str], second: dict[str, str], *, in_order: bool
) -> None:
    @virtual
    async def run() -> None:
        world, begun = Posting(), now()
        await world.is_discovered()
        older = event(users=[ref(1)], group=first, startAt=at(100), age=2)
        newer = event(event_id="2", users=[ref(1)], group=second, startAt=at(200), age=1)
        for given in (older, newer) if in_order else (newer, older):
            await world.posts(given)

        await until(world, 150, begun=begun)
        assert await world.wanted(ENGINEERING, 1) is None
        assert [outcome["result"] for outcome in world.outcomes()] == [STALE]
        await until(world, 250, begun=begun)
        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER

    run()


@virtual
async def test_a_start_is_put_off_before_the_person_exists() -> None:
    world, begun = Posting(), now()
    await world.is_discovered()
    await world.posts(event(users=[HIRE], group=GROUP, startAt=at(100), age=2))
    await world.posts(event(event_id="2", users=[HIRE], group=GROUP, startAt=at(200), age=1))
    world.directory.has_user(user(500), employee_id="E-hire")

    await until(world, 150, begun=begun)
    assert await world.wanted(ENGINEERING, 500) is None
    await until(world, 250, begun=begun)
    assert await world.wanted(ENGINEERING, 500) is Wanted.MEMBER


@pytest.mark.parametrize("groups", [[GROUP], [BY_ID], None])
def test_a_last_day_that_is_put_off_takes_access_at_the_new_time(
    groups: list[dict[str, str]] | None,
) -> None:
    @virtual
    async def run() -> None:
        world, begun = Posting(), now()
        await world.is_discovered()
        world.directory.join(ENGINEERING, user(1))
        named: dict[str, Any] = {"groups": groups} if groups else {}
        await world.posts(event(OFFBOARD, users=[ref(1)], endAt=at(100), age=2, **named))
        later = event(OFFBOARD, event_id="2", users=[ref(1)], endAt=at(200), age=1, **named)
        await world.posts(later)

        await until(world, 150, begun=begun)
        assert await world.wanted(ENGINEERING, 1) is None
        await until(world, 250, begun=begun)
        assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT

    run()


@virtual
async def test_the_end_of_an_onboarding_is_put_off_by_an_offboarding_with_a_later_day() -> None:
    world, begun = Posting(), now()
    await world.is_discovered()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(100), age=2))
    later = event(OFFBOARD, event_id="2", users=[ref(1)], groups=[GROUP], endAt=at(200), age=1)
    await world.posts(later)

    await until(world, 150, begun=begun)
    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    await until(world, 250, begun=begun)
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_other_people_of_the_older_event_start_at_its_time() -> None:
    world, begun = Posting(), now()
    await world.is_discovered()
    await world.posts(event(users=[ref(1), ref(2)], group=GROUP, startAt=at(100), age=2))
    await world.posts(event(event_id="2", users=[ref(1)], group=GROUP, startAt=at(200), age=1))

    await until(world, 150, begun=begun)

    assert await world.wanted(ENGINEERING, 1) is None
    assert await world.wanted(ENGINEERING, 2) is Wanted.MEMBER


@virtual
async def test_a_start_that_is_brought_forward_counts() -> None:
    world, begun = Posting(), now()
    await world.is_discovered()
    await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(200), age=2))
    await world.posts(event(event_id="2", users=[ref(1)], group=GROUP, startAt=at(100), age=1))

    await until(world, 150, begun=begun)

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert len(await world.intents.open_intents(TOTAL)) == 1


@pytest.mark.parametrize("starts", [None, 50])
def test_the_next_contract_starts_although_the_first_one_ended_after_it_was_posted(
    starts: float | None,
) -> None:
    """The newer event came before the end of the older one: the end is as old as its event."""

    @virtual
    async def run() -> None:
        world, begun = Posting(), now()
        await world.is_discovered()
        first = {"startAt": at(starts)} if starts else {}
        await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(100), age=2, **first))
        await world.posts(event(event_id="2", users=[ref(1)], group=GROUP, startAt=at(200), age=1))

        await until(world, 150, begun=begun)
        assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
        await until(world, 250, begun=begun)
        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER

    run()


@virtual
async def test_a_newer_onboarding_that_arrives_after_the_end_of_an_older_one_cancels_it() -> None:
    world, begun = Posting(), now()
    await world.is_discovered()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(100), age=2))
    await until(world, 150, begun=begun)

    await world.posts(event(event_id="2", users=[ref(1)], group=GROUP, age=100))

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@pytest.mark.parametrize("later", [GROUP, BY_ID])
@pytest.mark.parametrize("stale", [GROUP, BY_ID])
@pytest.mark.parametrize("was_known", [True, False])
def test_the_end_of_an_event_that_was_out_of_date_takes_nothing(
    later: dict[str, str], stale: dict[str, str], *, was_known: bool
) -> None:
    """Whatever names the group, and the person whom Entra ID did not know yet."""

    @virtual
    async def run() -> None:
        world, begun, number = Posting(), now(), 1 if was_known else 500
        await world.is_discovered()
        users = [{"upn": f"user{number}@x.example"}]
        put_off = event(event_id="2", users=users, group=later, startAt=at(300), age=1)
        if not was_known:
            await world.posts(put_off)
        world.directory.has_user(user(number), upn=f"user{number}@x.example")
        await world.posts(event(users=[ref(number)], group=GROUP, event_id="0", age=3))
        if was_known:
            await world.posts(put_off)
        late = event(event_id="1", users=users, group=stale, endAt=at(100), age=2)
        await world.posts(late)
        assert world.told()[-1] == (user(number), STALE)

        await until(world, 150, begun=begun)

        assert await world.wanted(ENGINEERING, number) is Wanted.MEMBER

    run()
