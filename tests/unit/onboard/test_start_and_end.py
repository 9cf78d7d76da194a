"""Events with a startAt or an endAt."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted
from hasten.domain.outcomes import STALE
from hasten.events.fault_codes import FaultCode
from hasten.onboard.defer import end_id
from hasten.retention import forget_old
from tests.support.posting import GROUP, OFFBOARD, UPN, Posting, at, event, ref, total
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user


@virtual
async def test_an_event_that_starts_later_is_sent_again_for_then_and_nothing_else() -> None:
    world = Posting()
    given = event(users=[{"upn": "not-yet@x.example"}], group=GROUP, startAt=at(3600))

    await world.posts(given)

    [held] = world.sent_on()
    assert held.at == now() + timedelta(hours=1)
    assert json.loads(held.raw or b"")["data"]["users"] == given["data"]["users"]
    assert len(world.bus.sent) == 1


async def until(moment: datetime) -> None:
    await asyncio.sleep((moment - now()).total_seconds())


@virtual
async def test_a_held_event_is_obeyed_at_its_time() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600)))

    [held] = world.sent_on()
    await until(held.at or now())
    await world.receives(held)

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert len(world.sent_on()) == 1


@pytest.mark.parametrize("groups", [None, [GROUP]])
def test_an_offboarding_cancels_an_onboarding_that_is_held(
    groups: list[dict[str, str]] | None,
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        await world.posts(event(users=[ref(1)], group=GROUP, startAt=at(3600)))
        await until(now() + timedelta(minutes=1))
        leaving: dict[str, Any] = {"groups": groups} if groups else {}
        await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2", **leaving))

        [held] = world.sent_on()
        await until(held.at or now())
        await world.receives(held)

        assert await world.wanted(ENGINEERING, 1) is not Wanted.MEMBER
        assert STALE in world.outcome_results()

    run()


@virtual
async def test_the_end_of_an_onboarding_is_an_offboarding_from_the_same_group() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(3600)))

    [end] = world.sent_on()
    sent = json.loads(end.raw or b"")
    assert (end.at, sent["id"], sent["source"]) == (now() + timedelta(hours=1), "1:end", "/hr")
    assert sent["time"] == now().isoformat()
    del sent["data"]["endAt"]
    assert sent["data"] == {"target": TOTAL, "users": [ref(1)], "groups": [{"id": ENGINEERING}]}

    await until(end.at or now())
    await world.receives(end)
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_the_end_of_an_assignment_without_group_ends_that_alone() -> None:
    world = Posting(target=total(direct="allow"))
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(1))
    await world.posts(event(users=[ref(1)], endAt=at(3600)))

    [end] = world.sent_on()
    await until(end.at or now())
    await world.receives(end)

    assert await world.wanted(DIRECT, 1) is Wanted.ABSENT
    assert await world.wanted(ENGINEERING, 1) is None


@virtual
async def test_the_end_finds_a_group_that_was_known_by_name_alone() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group={"name": "Team-New"}, endAt=at(3600)))
    made = "0000bbbb-0000-4000-9000-000000000007"
    world.directory.has_group(made, "Team-New")

    [end] = world.sent_on()
    await until(end.at or now())
    await world.receives(end)

    assert await world.wanted(made, 1) is Wanted.ABSENT


@virtual
async def test_a_newer_onboarding_without_end_outlives_the_end_of_an_older_one() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(3600)))
    await until(now() + timedelta(minutes=1))
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2"))

    [end] = world.sent_on()
    await until(end.at or now())
    await world.receives(end)

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert world.outcome_results() == ["superseded", STALE]


@pytest.mark.parametrize("ends_first", [True, False])
@pytest.mark.parametrize("other_ends", [True, False])
def test_of_two_onboardings_with_the_same_time_the_first_end_counts_in_either_order(
    *, ends_first: bool, other_ends: bool
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        later: dict[str, Any] = {"endAt": at(7200)} if other_ends else {}
        events = [
            event(users=[ref(1)], group=GROUP, endAt=at(3600)),
            event(users=[ref(1)], group=GROUP, event_id="2", **later),
        ]
        for given in events if ends_first else reversed(events):
            await world.posts(given)

        end = min(world.sent_on(), key=lambda message: message.at or now())
        await until(end.at or now())
        await world.receives(end)

        assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT

    run()


@virtual
async def test_an_offboarding_with_an_end_is_held_until_then() -> None:
    world = Posting()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], endAt=at(3600)))
    [held] = world.sent_on()
    assert await world.wanted(ENGINEERING, 1) is None

    await until(held.at or now())
    await world.receives(held)

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@pytest.mark.parametrize("has_successor", [False, True])
@pytest.mark.parametrize(
    "named", [{"upn": UPN.format(1)}, {"mail": "mail1@contoso.example"}, {"employeeId": "E1"}]
)
def test_a_held_offboarding_is_about_who_had_the_name_when_it_came(
    *, named: dict[str, str], has_successor: bool
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.posts(event(OFFBOARD, users=[named], groups=[GROUP], endAt=at(3600)))
        names = {"upn": UPN.format(1), "mail": "mail1@contoso.example", "employee_id": "E1"}
        world.directory.has_user(user(1), upn="n@x.example", mail="n@x.example", employee_id="N")
        if has_successor:
            world.directory.has_user(user(2), **names)

        [held] = world.sent_on()
        await until(held.at or now())
        await world.receives(held)

        assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
        assert await world.wanted(ENGINEERING, 2) is None
        assert not world.parked()

    run()


@virtual
async def test_a_held_offboarding_keeps_the_name_of_somebody_whom_graph_does_not_show_yet() -> None:
    world = Posting()
    late = {"upn": "late@x.example"}
    users = [late, {"upn": UPN.format(1)}, {"mail": "mail1@contoso.example"}]
    await world.posts(event(OFFBOARD, users=users, groups=[GROUP], endAt=at(3600)))
    world.directory.has_user(user(40), upn=late["upn"])

    [held] = world.sent_on()
    await until(held.at or now())
    await world.receives(held)

    assert await world.wanted(ENGINEERING, 40) is Wanted.ABSENT
    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_a_newer_onboarding_outlives_an_offboarding_held_for_longer_than_history_is() -> None:
    world = Posting()
    await world.is_discovered()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], endAt=at(196 * 86400)))
    await until(now() + timedelta(days=1))
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2"))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "succeeded")

    [held] = world.sent_on()
    await until(held.at or now())
    await forget_old(world.context)
    assert await world.intent(ENGINEERING, 1) is None
    await world.receives(held)

    assert await world.wanted(ENGINEERING, 1) is None
    assert world.outcome_results() == [STALE]


@pytest.mark.parametrize("length", [1, 251, 252, 253, 256])
def test_the_id_of_an_end_is_valid_however_long_the_id_of_the_event(length: int) -> None:
    assert 0 < len(end_id("x" * length)) <= 256
    assert end_id("x" * length) != "x" * length


@virtual
async def test_an_event_that_pretends_to_be_an_end_takes_no_assignment_that_events_may_not() -> (
    None
):
    world = Posting()

    await world.posts(event(OFFBOARD, users=[ref(1)]), properties={"hastenEndOf": "1"})

    assert await world.wanted(DIRECT, 1) is None
    assert world.parked()[0].properties["reason"] == FaultCode.FORBIDDEN_DIRECT
