"""A person whom Graph refuses to write keeps nobody else waiting, and is named with the reason."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from hasten.domain.changes import DIRECT
from hasten.domain.intents import Wanted
from hasten.ensure.refusals import MOST_REFUSALS_IN_A_ROW, PASSING_TRIES
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import LONGEST_WRITE
from hasten.operate.status import target_status
from hasten.ports.bus import ENSURE, PROVISIONING_OUTCOMES
from hasten.records import stops
from hasten.records.stops import StopRecord
from tests.support.ensuring import Onboarding, world_with
from tests.support.refusing import PEOPLE, PLACES, WAYS, Refusing
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ENGINEERING, TOTAL

PERMANENT = ("400", "403")


async def joins(world: Onboarding) -> None:
    await world.wants(ENGINEERING, *PEOPLE, age=60)


async def leaves(world: Onboarding) -> None:
    world.directory.join(ENGINEERING, *PEOPLE)
    await world.wants(ENGINEERING, *PEOPLE, wanted=Wanted.ABSENT)


async def is_assigned(world: Onboarding) -> None:
    await world.wants(DIRECT, *PEOPLE)


async def is_unassigned(world: Onboarding) -> None:
    for one in PEOPLE:
        world.directory.grant(one, kind="User")
    await world.wants(DIRECT, *PEOPLE, wanted=Wanted.ABSENT)


Begin = Callable[[Onboarding], Awaitable[None]]
STOP = StopRecord(target=TOTAL, is_stop=True, by="kim", reason="a test", at=START)
WRITES: list[Begin] = [joins, leaves, is_assigned, is_unassigned]


async def served(world: Onboarding, begin: Begin) -> set[str]:
    if begin in {joins, leaves}:
        there = await world.members(ENGINEERING)
    else:
        there = {one for one in PEOPLE if world.given(one)}
    return there if begin in {joins, is_assigned} else {*PEOPLE} - there


async def runs(world: Onboarding) -> TemporaryError | PermanentError | None:
    try:
        await world.ensures()
    except (TemporaryError, PermanentError) as error:
        return error
    return None


@PLACES
@WAYS
@pytest.mark.parametrize("begin", WRITES)
def test_the_others_are_served_and_the_one_is_named(begin: Begin, error: str, place: int) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await begin(world)
        bad = PEOPLE[place]
        Refusing(world, [bad], error)

        for _ in range(3):  # a request for several that fails is first sent again
            await runs(world)

        assert await served(world, begin) == {*PEOPLE} - {bad}
        left = next(i for i in await world.intents.open_intents(TOTAL) if i.user == bad)
        if error == "not yet" and begin is is_assigned:
            return  # a user who does not show yet is waited for, as before
        assert left.crashes > 0
        assert left.refused
        told = [event for event in world.events if "refused" in type(event).problems]
        assert {event.fields["user"] for event in told} == {bad}
        assert {event.problem for event in told} == {error in PERMANENT}
        status = await target_status(world.context, world.target)
        assert [(one.user, one.state) for one in status.people] == [(bad, "refused")]
        assert any(left.refused in problem.found for problem in status.problems)

    run()


@WAYS
def test_the_others_are_served_however_long_the_pauses_between_the_tries(error: str) -> None:
    """After LONGEST_WRITE each try looks again at the writes without an answer."""

    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await world.wants(ENGINEERING, *PEOPLE)
        Refusing(world, PEOPLE[:1], error)

        for _ in range(3):
            await runs(world)
            await asyncio.sleep((LONGEST_WRITE + timedelta(seconds=10)).total_seconds())

        assert await served(world, joins) == {*PEOPLE[1:]}

    run()


@pytest.mark.parametrize("begin", [leaves, is_assigned, is_unassigned])
@pytest.mark.parametrize("error", ["400", "403", "500", "garbage"])
def test_the_others_are_served_in_the_same_run(begin: Begin, error: str) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await begin(world)
        Refusing(world, PEOPLE[:1], error)

        assert await runs(world) is None  # the one has a message of their own

        assert await served(world, begin) == {*PEOPLE[1:]}

    run()


@virtual
async def test_the_one_is_tried_after_growing_pauses_and_served_when_graph_accepts_them() -> None:
    world = await world_with(*PEOPLE)
    await leaves(world)
    refusing, tries = Refusing(world, PEOPLE[:1], "403"), []
    for _ in range(400):
        before = refusing.refused
        await runs(world)
        tries += [now()] * (refusing.refused - before)
        await asyncio.sleep(5)
    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert len(pauses) > 5
    assert pauses == sorted(pauses)
    assert pauses[-1] <= timedelta(minutes=5, seconds=10)
    assert any(message.at is not None and message.at > now() for message in world.bus.of(ENSURE))

    refusing.users.clear()
    await asyncio.sleep(300)
    await runs(world)

    assert await world.members(ENGINEERING) == set()
    status = await target_status(world.context, world.target)
    assert not any(one.state == "refused" for one in status.people)


@WAYS
@pytest.mark.parametrize("begin", WRITES)
def test_several_at_the_head_do_not_keep_the_others_waiting(begin: Begin, error: str) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await begin(world)
        Refusing(world, PEOPLE[:4], error)

        for _ in range(3 * len(PEOPLE)):
            found = await runs(world)
            assert not isinstance(found, PermanentError)  # it would end the tries
            if PEOPLE[4] in await served(world, begin):
                return
            await asyncio.sleep(5)
        raise AssertionError("the last person was not served")

    run()


@WAYS
def test_who_leaves_later_is_served_in_the_first_run_although_several_are_refused(
    error: str,
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        world.directory.join(ENGINEERING, *PEOPLE)
        await world.wants(ENGINEERING, *PEOPLE[:4], wanted=Wanted.ABSENT, age=60)
        Refusing(world, PEOPLE[:4], error)
        for _ in range(4):
            await runs(world)
            await asyncio.sleep(5)

        await world.wants(ENGINEERING, PEOPLE[4], wanted=Wanted.ABSENT)
        await runs(world)

        assert await world.members(ENGINEERING) == {*PEOPLE[:4]}

    run()


@pytest.mark.parametrize("begin", WRITES)
@pytest.mark.parametrize("error", ["403", "500"])
def test_a_refusal_of_everybody_costs_few_requests_in_a_run(begin: Begin, error: str) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await begin(world)
        refusing = Refusing(world, PEOPLE, error)
        for _ in range(6):
            before = refusing.refused
            found = await runs(world)
            assert found is not None  # the message comes again later, or a timer
            assert refusing.refused - before <= MOST_REFUSALS_IN_A_ROW + 1
        assert isinstance(found, PermanentError if error == "403" else TemporaryError)
        assert all(i.not_before is None for i in await world.intents.open_intents(TOTAL))

    run()


@pytest.mark.parametrize("begin", WRITES)
def test_a_stop_ends_the_work_and_names_nobody(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await begin(world)
        monkeypatch.setattr(stops, "STOP_CHECK_KEPT", timedelta(seconds=-1))
        checks = 0

        async def stopped(*_: object) -> StopRecord | None:
            nonlocal checks
            checks += 1
            return None if checks <= 2 else STOP

        monkeypatch.setattr(stops, "find", stopped)

        found = await runs(world)

        assert isinstance(found, TemporaryError)
        assert all(not i.crashes for i in await world.intents.open_intents(TOTAL))

    run()


@pytest.mark.parametrize("error", ["400", "403", "500", "garbage"])
@pytest.mark.parametrize("begin", WRITES)
def test_the_event_of_the_one_has_an_outcome_once_and_another_when_graph_accepts_them(
    begin: Begin, error: str
) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await begin(world)
        bad = PEOPLE[0]
        refusing = Refusing(world, [bad], error)
        for tried in range(15):
            await runs(world)
            if error not in PERMANENT and tried < PASSING_TRIES:
                assert world.told() == []
            await asyncio.sleep(60)

        assert world.told() == [(bad, "failed")]
        failed = [m.body["data"] for m in world.bus.of(PROVISIONING_OUTCOMES)]
        assert len(failed) == 1
        [left] = await world.intents.open_intents(TOTAL)
        assert failed[0]["causes"] == [{"source": left.cause.source, "id": left.cause.id}]
        assert left.refused in failed[0]["reason"]
        refusing.users.clear()
        await asyncio.sleep(300)
        await runs(world)
        assert (await world.row(left.group, bad)).causes == (left.cause,)

    run()


@pytest.mark.parametrize("error", ["500", "503 with a pause"])
def test_an_outage_of_graph_fails_no_event(error: str) -> None:
    @virtual
    async def run() -> None:
        world = await world_with(*PEOPLE)
        await leaves(world)
        Refusing(world, PEOPLE, error)
        for _ in range(20):
            await runs(world)
            await asyncio.sleep(60)

        assert world.told() == []

    run()
