"""The newest event wins, whatever the order, and what is put off comes at its time."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted, group_key
from hasten.domain.outcomes import STALE
from hasten.errors import PermanentError, TemporaryError
from hasten.events.envelope import ID_MAX_CHARS
from hasten.events.fault_codes import FaultCode
from hasten.events.models import MAX_TIME_TO_START
from hasten.json import Json
from hasten.limits import RETENTION
from hasten.onboard.defer import end_id
from hasten.onboard.message import LONGEST_MESSAGE_ID, MOST_TRIES, Posted
from hasten.onboard.reject import NotParkedError
from hasten.ports.bus import PROVISIONING_OUTCOMES, Message
from hasten.retention import forget_old
from tests.fakes.bus import FakeBus
from tests.fakes.directory import FakeDirectory
from tests.support.posting import OFFBOARD, PROVISION, Posting, at, event, ref, total
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

GROUP = {"name": "TOTAL-Engineering"}


def results(world: Posting) -> list[str]:
    return [outcome["result"] for outcome in world.outcomes()]


# --- order ---


@virtual
async def test_the_same_event_three_times_is_one_intent_and_tells_nothing() -> None:
    world = Posting()
    given = event(users=[ref(1)], group=GROUP)

    for _ in range(3):
        await world.posts(given)

    assert len(await world.intents.open_intents(TOTAL)) == 1
    assert not world.outcomes()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("groups", [None, [GROUP]])
def test_onboard_offboard_and_onboard_end_alike_in_any_order(
    order: tuple[int, ...], groups: list[dict[str, str]] | None
) -> None:
    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        leaving: dict[str, Any] = {"groups": groups} if groups else {}
        events = [
            event(users=[ref(1)], group=GROUP, event_id="1", age=2),
            event(OFFBOARD, users=[ref(1)], event_id="2", age=1.5, **leaving),
            event(users=[ref(1)], group=GROUP, event_id="3", age=1),
        ]

        for number in order:
            await world.posts(events[number])

        assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
        intent = await world.intent(ENGINEERING, 1)
        assert intent is not None
        assert intent.cause.id == "3"

    run()


@pytest.mark.parametrize("offboard_first", [True, False])
@pytest.mark.parametrize("groups", [None, [GROUP]])
def test_an_offboarding_within_the_second_wins_in_either_order(
    groups: list[dict[str, str]] | None, *, offboard_first: bool
) -> None:
    """Nothing of the onboarding shows in the directory yet."""

    @virtual
    async def run() -> None:
        world = Posting()
        await world.is_discovered()
        leaving: dict[str, Any] = {"groups": groups} if groups else {}
        onboard = event(users=[ref(1)], group=GROUP, event_id="1", age=1)
        offboard = event(OFFBOARD, users=[ref(1)], event_id="2", age=0.5, **leaving)

        for given in (offboard, onboard) if offboard_first else (onboard, offboard):
            await world.posts(given)

        assert await world.wanted(ENGINEERING, 1) is not Wanted.MEMBER

    run()


@virtual
async def test_of_two_events_of_the_same_time_the_one_that_takes_access_away_wins() -> None:
    world = Posting()
    await world.is_discovered()
    same = at(-1)

    await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2", time=same))
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="1", time=same))

    assert await world.wanted(ENGINEERING, 1) is None
    assert STALE in results(world)


@virtual
async def test_a_leaver_leaves_a_group_that_is_still_to_be_made() -> None:
    world = Posting()
    await world.is_discovered()
    await world.posts(event(users=[ref(1)], group={"name": "Team-New"}, event_id="1", age=1))

    await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2"))

    assert await world.wanted(group_key("Team-New"), 1) is Wanted.ABSENT


@virtual
async def test_provisioning_waits_for_an_earlier_event_about_the_same_person() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="1"))

    with pytest.raises(TemporaryError):
        await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="2"))

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER


@virtual
async def test_an_event_whose_place_a_newer_one_takes_is_told_so_even_after_a_crash() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="1", age=1))
    newer = event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="2")

    await world.posts(newer)
    await world.posts(newer)

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert results(world) == ["superseded", "superseded"]
    assert world.outcomes()[0]["causes"] == [{"source": "/hr", "id": "1"}]
    assert len({m.message_id for m in world.bus.of(PROVISIONING_OUTCOMES)}) == 1


@virtual
async def test_provisioning_says_nothing_of_who_is_a_member_to_an_older_event_that_comes_late() -> (
    None
):
    world = Posting()
    await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="1"))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "recorded")

    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2", age=1))

    assert await world.wanted(ENGINEERING, 1) is Wanted.MEMBER
    assert results(world) == []


@virtual
async def test_provisioning_does_not_make_hasten_forget_that_a_person_has_left() -> None:
    world = Posting()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], event_id="1", age=1))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "recorded")
    await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="2"))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "recorded")

    await world.posts(event(users=[ref(1)], group=GROUP, event_id="3", age=2))

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT
    assert results(world) == [STALE]


# --- later ---


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
        assert STALE in results(world)

    run()


def test_what_cancels_an_onboarding_is_remembered_until_it_would_start() -> None:
    assert MAX_TIME_TO_START < RETENTION


@virtual
async def test_the_end_of_an_onboarding_is_an_offboarding_from_the_same_group() -> None:
    world = Posting()
    await world.posts(event(users=[ref(1)], group=GROUP, endAt=at(3600)))

    [end] = world.sent_on()
    sent = json.loads(end.raw or b"")
    assert (end.at, sent["id"], sent["source"]) == (now() + timedelta(hours=1), "1:end", "/hr")
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
    assert results(world) == ["superseded", STALE]


@virtual
async def test_an_offboarding_with_an_end_is_held_until_then() -> None:
    world = Posting()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], endAt=at(3600)))
    [held] = world.sent_on()
    assert await world.wanted(ENGINEERING, 1) is None

    await until(held.at or now())
    await world.receives(held)

    assert await world.wanted(ENGINEERING, 1) is Wanted.ABSENT


@virtual
async def test_a_newer_onboarding_outlives_an_offboarding_held_for_longer_than_history_is() -> None:
    world = Posting()
    await world.is_discovered()
    await world.posts(event(OFFBOARD, users=[ref(1)], groups=[GROUP], endAt=at(96 * 86400)))
    await until(now() + timedelta(days=1))
    await world.posts(event(users=[ref(1)], group=GROUP, event_id="2"))
    await world.intents.finish(await world.intents.open_intents(TOTAL), "succeeded")

    [held] = world.sent_on()
    await until(held.at or now())
    await forget_old(world.context)
    assert await world.intent(ENGINEERING, 1) is None
    await world.receives(held)

    assert await world.wanted(ENGINEERING, 1) is None
    assert results(world) == [STALE]


@pytest.mark.parametrize("length", [1, 251, 252, 253, 256])
def test_the_id_of_an_end_is_valid_however_long_the_id_of_the_event(length: int) -> None:
    assert 0 < len(end_id("x" * length)) <= 256
    assert end_id("x" * length) != "x" * length


# --- trouble on the way ---


class Refusing(FakeDirectory):
    """Finds nobody: every lookup of a user fails in the same way."""

    error: Exception

    async def users(self, **_: str) -> Sequence[Json]:
        raise self.error


def refusing(error: Exception) -> Posting:
    directory = Refusing(groups=[ENGINEERING])
    directory.error = error
    return Posting(directory=directory)


@virtual
async def test_a_lookup_that_fails_for_now_leaves_nothing_done_and_is_tried_again() -> None:
    world = refusing(TemporaryError("Graph answered 503", timedelta(seconds=7)))

    with pytest.raises(TemporaryError):
        await world.posts(event(users=[ref(1)], group=GROUP))

    assert not world.bus.sent
    assert not await world.intents.open_intents(TOTAL)


@virtual
async def test_an_event_that_graph_forbids_is_parked_with_what_to_do() -> None:
    world = refusing(PermanentError("Graph answered 403", "grant User.Read.All"))

    await world.posts(event(users=[ref(1)], group=GROUP))

    assert world.faults() == [
        {"field": "data.users[0].id", "problem": "Graph answered 403", "fix": "grant User.Read.All"}
    ]


class NoQueue(FakeBus):
    async def send(self, queue: str, messages: Sequence[Message]) -> None:
        raise PermanentError(f"Service Bus has no queue {queue}", "deploy infra again")


@virtual
async def test_what_can_neither_be_obeyed_nor_parked_stays_in_the_queue() -> None:
    world = Posting(bus=NoQueue())

    with pytest.raises(NotParkedError):
        await world.posts(b"{")


@virtual
async def test_a_message_that_is_tried_again_keeps_its_words_and_counts() -> None:
    posted = Posted.parse(
        body=b"{}",
        content_type="application/json",
        message_id="m-1",
        properties={b"cloudEvents_id": b"7", "else": 1},
    )

    sent = posted.tried_again().tried_again().message("new-id", now())
    again = Posted.parse(
        body=sent.raw or b"",
        content_type=sent.content_type,
        message_id=sent.message_id,
        properties=sent.properties,
    )

    assert (again.body, again.tries, again.message_id) == (b"{}", 2, "m-1")
    assert again.properties == {"cloudEvents_id": "7"}


@virtual
async def test_an_event_that_pretends_to_be_an_end_takes_no_assignment_that_events_may_not() -> (
    None
):
    world = Posting()

    await world.posts(event(OFFBOARD, users=[ref(1)]), properties={"hastenEndOf": "1"})

    assert await world.wanted(DIRECT, 1) is None
    assert world.parked()[0].properties["reason"] == FaultCode.FORBIDDEN_DIRECT


@pytest.mark.parametrize("tries", ["9" * 5000, "9" * 400, "-1", "²"])
def test_what_others_write_into_our_properties_is_bounded(tries: str) -> None:
    posted = Posted.parse(
        body=b"{}",
        content_type="",
        message_id="m-1",
        properties={"hastenTries": tries, "hastenMessageId": "m" * 5000, "hastenEndOf": "e" * 5000},
    )

    assert posted.tries <= MOST_TRIES
    assert len(posted.message_id) == LONGEST_MESSAGE_ID
    assert len(posted.end_of) == ID_MAX_CHARS
