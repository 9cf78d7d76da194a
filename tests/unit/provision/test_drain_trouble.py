"""What a drain does when something goes wrong: refusals, crashes, lost races, long backlogs."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from hasten.domain.changes import State
from hasten.domain.verdicts import Answer
from hasten.errors import PermanentError, TemporaryError
from hasten.limits import CALL_WINDOW, CALLS_PER_WINDOW
from hasten.messages import Wake
from hasten.ports.bus import PROVISIONING, Message
from hasten.ports.directory_values import User
from hasten.provision.drain import drain
from tests.events import golden
from tests.fakes.directory import FakeDirectory, answer
from tests.support.leases import displaced
from tests.support.virtual_time import START, now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

WAKE = Wake(target=TOTAL)
POISON = user(1)
NOT_FOUND = Answer(404, golden.raw("errors", "404-not-found"))


@virtual
async def test_rows_that_a_dead_drain_left_calling_are_called_again() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    rows = await world.ledger.open_changes(TOTAL)
    await world.ledger.start_call(rows, now(), commit=partial(world.store.commit, "ledger", TOTAL))

    await drain(world.context, WAKE)

    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED


@virtual
async def test_a_transient_failure_waits_and_a_wake_is_scheduled_for_it() -> None:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: answer("Failure", "TooManyRequests", 503)
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    row = await world.row(ENGINEERING, user(1))
    [wake] = world.bus.of(PROVISIONING)
    assert row.state is State.WAITING
    assert wake.at is not None
    assert row.due_at <= wake.at <= row.due_at + timedelta(seconds=1)


@virtual
async def test_a_drain_with_nothing_due_schedules_no_second_wake() -> None:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: answer(status=503)
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)

    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1
    assert len(world.bus.of(PROVISIONING)) == 1


@virtual
async def test_a_job_that_was_replaced_is_discovered_again_before_a_call_is_spent_on_it() -> None:
    world = World()
    await world.is_discovered()
    world.directory.job_list = [{"id": "total.new"}]
    await world.joined(ENGINEERING, user(1))

    await drain(world.context, WAKE)

    assert [call.job for call in world.directory.calls] == ["total.new"]
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED


@virtual
async def test_a_job_that_stays_unknown_waits_with_the_reason() -> None:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: NOT_FOUND
    await world.joined(ENGINEERING, *(user(n) for n in range(10)))

    await drain(world.context, WAKE)

    rows = [await world.row(ENGINEERING, user(n)) for n in range(10)]
    assert len(world.directory.calls) == 2 + 10  # once together, once each
    assert {row.state for row in rows} == {State.WAITING}
    assert all("404" in row.reason and row.next_action for row in rows)


@pytest.mark.parametrize("gone", [(1,), (0, 4), (0, 1, 2, 3, 4)])
def test_members_who_are_deleted_for_good_hold_up_nobody_who_shares_their_call(
    gone: tuple[int, ...],
) -> None:
    @virtual
    async def scenario() -> None:
        world = World()
        await world.is_discovered()
        await world.joined(ENGINEERING, *(user(n) for n in range(5)))
        for n in gone:
            del world.directory.assigned[user(n)]
        purged = {user(n) for n in gone}
        world.directory.answers = lambda call: NOT_FOUND if purged & {*call.users} else answer()

        await drain(world.context, WAKE)

        rows = {n: await world.row(ENGINEERING, user(n)) for n in range(5)}
        assert {n for n, row in rows.items() if row.state is State.SUCCEEDED} == {*range(5)} - {
            *gone
        }
        assert all(rows[n].state is State.WAITING and rows[n].alone for n in gone)
        assert len(world.directory.calls) <= 2

    scenario()


@virtual
async def test_a_drain_ends_after_four_minutes_and_wakes_itself() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(700)))

    await drain(world.context, WAKE)

    [wake] = world.bus.of(PROVISIONING)
    assert timedelta(minutes=3, seconds=50) <= now() - START < timedelta(minutes=5)
    assert wake.at is None or wake.at - now() < CALL_WINDOW
    assert len(await world.ledger.open_changes(TOTAL)) > 0


@virtual
async def test_a_drain_that_was_displaced_makes_no_further_call() -> None:
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, *(user(n) for n in range(60)))
    first = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(CALLS_PER_WINDOW)

    await displaced(world)
    await first
    await drain(world.context, WAKE)

    assert world.directory.most_calls_within(CALL_WINDOW) == CALLS_PER_WINDOW
    assert world.results("drain") == ["displaced"]
    assert await world.ledger.open_changes(TOTAL) == []


@virtual
async def test_a_drain_that_was_displaced_writes_down_what_its_calls_under_way_brought() -> None:
    world = World()
    await world.is_discovered()
    world.directory.answers = lambda _: answer(status=503)
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    world.directory.answers = None
    await world.joined(ENGINEERING, user(2))
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(2)

    await displaced(world)
    await running

    assert (await world.row(ENGINEERING, user(2))).state is State.SUCCEEDED


@virtual
async def test_calls_under_way_are_settled_when_the_drain_fails() -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, user(2))
    await world.joined(ENGINEERING, user(1))
    running = asyncio.create_task(drain(world.context, WAKE))
    await world.directory.has_called(1)

    async def unreachable(user: str) -> User | None:
        raise TemporaryError("Graph did not answer", timedelta(seconds=5))

    world.directory.user = unreachable  # type: ignore[method-assign]
    await world.left(ENGINEERING, user(2))
    await world.joined(ENGINEERING, user(3))

    with pytest.raises(TemporaryError):
        await running

    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    assert (await world.row(ENGINEERING, user(2))).state is State.WAITING
    assert (await world.row(ENGINEERING, user(3))).state is State.PENDING


class Poisoned(FakeDirectory):
    """Of one person Graph never tells anything."""

    error: Exception = TemporaryError("Graph answered 500", timedelta(seconds=5))

    async def user(self, user: str) -> User | None:
        if user == POISON:
            raise self.error
        return await super().user(user)


@pytest.mark.parametrize("error", [Poisoned.error, PermanentError("403", "grant it")])
def test_a_leaver_whom_graph_cannot_read_holds_up_nobody_else(error: Exception) -> None:
    @virtual
    async def test() -> None:
        world = World(directory=Poisoned(groups=[ENGINEERING]))
        world.directory.error = error  # type: ignore[attr-defined]
        await world.is_discovered()
        world.directory.join(ENGINEERING, POISON, user(2))
        await world.left(ENGINEERING, POISON, user(2))
        await world.joined(ENGINEERING, user(3))

        await drain(world.context, WAKE)

        row = await world.row(ENGINEERING, POISON)
        assert (row.state, bool(row.reason)) == (State.WAITING, True)
        assert {name for call in world.directory.calls for name in call.users} == {
            user(2),
            user(3),
        }
        assert any(wake.at == row.due_at + timedelta(seconds=1) for wake in wakes(world))

    test()


def wakes(world: World) -> list[Message]:
    return world.bus.of(PROVISIONING)


@virtual
async def test_an_unknown_target_is_logged_and_calls_nothing() -> None:
    world = World()

    await drain(world.context, Wake(target="NOBODY"))

    assert world.results("drain") == ["unknown_target"]
    assert world.directory.calls == []


@virtual
async def test_a_user_who_left_two_groups_and_fails_in_the_app_is_called_once() -> None:
    world = World()
    await world.is_discovered()
    for group in (ENGINEERING, ADMIN):
        world.directory.join(group, user(1))
    world.directory.answers = lambda _: answer("Failure", "InsufficientRights")
    for group in (ENGINEERING, ADMIN):
        await world.left(group, user(1))

    await drain(world.context, WAKE)

    assert len(world.directory.calls) == 1
    assert (await world.row(ENGINEERING, user(1))).state is State.FAILED
    assert (await world.row(ADMIN, user(1))).state is State.FAILED
