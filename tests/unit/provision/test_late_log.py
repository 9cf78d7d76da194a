"""The provisioning log shows late what a cycle did: its silence is no answer before it settles."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DISCARDED, Change, State
from hasten.domain.cycle import DEFAULT_CYCLE_INTERVAL
from hasten.domain.outcomes import MEMBERSHIP_UNPROVEN
from hasten.domain.proof import ADDED_AGAIN, PROOF_TIMEOUT
from hasten.domain.removal_settlement import CHECK_ACCOUNT_IN_APP, NOTHING_SHOWN_AFTER_CYCLE
from hasten.domain.row_states import finished, left_to_cycle
from hasten.limits import LOG_SETTLED_AFTER
from hasten.ports.bus import PROVISIONING_OUTCOMES
from hasten.provision.drain import drain
from hasten.provision.judge_rows import MOST_RETRIES, OVERDUE_AFTER
from hasten.provision.removal_reach import KEEPS_ASSIGNMENT
from hasten.provision.verify import verify
from tests.support.verifying import WAKE, disabled, log, ran, told
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

HALF_AN_HOUR = timedelta(minutes=30)
Begin = Callable[[], Awaitable[World]]
LATE = LOG_SETTLED_AFTER - timedelta(minutes=1)


async def joiner() -> World:
    """A joiner whom Hasten has left to the cycle."""
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))

    def left(row: Change) -> Change:
        return left_to_cycle(row, now=now(), reason="", next_action="", expected_at=now())

    await world.ledger.move([await world.row(ENGINEERING, user(1))], left)
    return world


async def keeping() -> World:
    """A leaver who keeps another assignment."""
    world = await disabled()
    world.directory.disabled.clear()
    world.directory.join(ADMIN, user(1))
    row = await world.row(ENGINEERING, user(1))
    kept = replace(row, keeps_assignment=True, reason=KEEPS_ASSIGNMENT)
    await world.ledger.move([row], lambda _: kept)
    return world


async def answered() -> World:
    """A joiner for whom Entra ID has answered a call with success."""
    world = World()
    await world.is_discovered()
    await world.joined(ENGINEERING, user(1))
    await drain(world.context, WAKE)
    assert (await world.row(ENGINEERING, user(1))).state is State.SUCCEEDED
    return world


async def after(world: World, entry: str, *, late: timedelta) -> Change:
    """Returns the row once the log has shown `entry` so `late` after the end of the cycle."""
    await asyncio.sleep(900)
    done = now()
    ran(world, ago=timedelta(0))
    await verify(world.context)
    await asyncio.sleep(late.total_seconds())
    await verify(world.context)
    match entry:
        case "refused":
            log(world, user(1), "create", "failure", "LicenseLimitExceeded", at=done)
        case "disabled":
            log(world, user(1), "disable", at=done)
        case "removed":
            log(world, ENGINEERING, "update", at=done)
            gone = {"displayName": "members", "oldValue": user(1), "newValue": None}
            world.directory.log[-1] = {**world.directory.log[-1], "modifiedProperties": [gone]}
    await verify(world.context)
    return await world.row(ENGINEERING, user(1))


@pytest.mark.parametrize(
    ("begin", "entry", "state"),
    [
        (joiner, "refused", State.FAILED),
        (keeping, "removed", State.DONE_BY_CYCLE),
        (disabled, "disabled", State.DONE_BY_CYCLE),
    ],
)
def test_what_the_log_shows_late_decides(begin: Begin, entry: str, state: State) -> None:
    @virtual
    async def scenario() -> None:
        world = await begin()

        row = await after(world, entry, late=LATE)

        assert (row.state, row.needs_proof) == (state, False)
        assert world.directory.calls == []
        assert told(world)[-1] == state

    scenario()


@pytest.mark.parametrize(
    ("begin", "state"),
    [
        (joiner, State.DONE_BY_CYCLE),
        (keeping, State.LEFT_TO_CYCLE),
        (disabled, State.PENDING),
    ],
)
def test_a_log_that_stays_silent_decides_once_it_has_settled(begin: Begin, state: State) -> None:
    @virtual
    async def scenario() -> None:
        world = await begin()

        assert (await after(world, "", late=LATE)).state is State.LEFT_TO_CYCLE
        assert (await after(world, "", late=LOG_SETTLED_AFTER)).state is state

    scenario()


@virtual
async def test_whoever_may_be_in_the_group_of_the_app_for_all_the_log_shows_is_alerted_about() -> (
    None
):
    world = await keeping()

    await after(world, "", late=LATE)
    assert MEMBERSHIP_UNPROVEN not in told(world)
    row = await after(world, "", late=LOG_SETTLED_AFTER)

    assert (row.reason, row.next_action) == (NOTHING_SHOWN_AFTER_CYCLE, CHECK_ACCOUNT_IN_APP)
    assert sorted(told(world)[-2:]) == [State.LEFT_TO_CYCLE, MEMBERSHIP_UNPROVEN]
    await verify(world.context)
    assert told(world).count(MEMBERSHIP_UNPROVEN) == 1
    first, *_, last = [
        one.body
        for one in world.bus.of(PROVISIONING_OUTCOMES)
        if one.body["data"]["result"] == State.LEFT_TO_CYCLE
    ]
    assert first["id"] != last["id"]
    assert last["data"]["nextAction"] == CHECK_ACCOUNT_IN_APP


@virtual
async def test_a_membership_whose_removal_an_operator_discarded_needs_no_look_into_the_app() -> (
    None
):
    world = await keeping()
    row = await world.row(ENGINEERING, user(1))
    world.bus.sent.clear()
    waits = replace(row, state=State.HELD, finished_at=None)
    await world.ledger.move([row], lambda _: waits)

    def discard(held: Change) -> Change:
        return finished(held, State.LEFT_TO_CYCLE, now=now(), reason=DISCARDED)

    await world.ledger.move([waits], lambda held: replace(discard(held), needs_proof=False))
    await world.context.outbox.flush(TOTAL)

    assert told(world) == [State.LEFT_TO_CYCLE]


@virtual
async def test_a_membership_that_the_log_shows_given_again_and_again_ends_with_that_reason() -> (
    None
):
    world = await keeping()
    row = await world.row(ENGINEERING, user(1))
    await world.ledger.move([row], lambda row: replace(row, contradicted=MOST_RETRIES))
    await asyncio.sleep(900)
    log(world, ENGINEERING, "update")
    back = {"displayName": "members", "oldValue": None, "newValue": user(1)}
    world.directory.log[-1] = {**world.directory.log[-1], "modifiedProperties": [back]}
    ran(world, ago=timedelta(0))

    await verify(world.context)

    row = await world.row(ENGINEERING, user(1))
    assert (row.state, row.reason) == (State.LEFT_TO_CYCLE, ADDED_AGAIN)
    assert MEMBERSHIP_UNPROVEN in told(world)


@pytest.mark.parametrize(
    ("begin", "state", "within"),
    [
        (joiner, State.DONE_BY_CYCLE, OVERDUE_AFTER),
        (keeping, State.LEFT_TO_CYCLE, DEFAULT_CYCLE_INTERVAL + OVERDUE_AFTER),
        (disabled, State.PENDING, DEFAULT_CYCLE_INTERVAL + OVERDUE_AFTER),
        (answered, State.SUCCEEDED, PROOF_TIMEOUT),
    ],
)
def test_cycles_that_have_always_just_ended_delay_what_is_late_no_longer(
    begin: Begin, state: State, within: timedelta
) -> None:
    @virtual
    async def scenario() -> None:
        world = await begin()
        latest = now() + within + 2 * HALF_AN_HOUR

        row = await world.row(ENGINEERING, user(1))
        while row.needs_proof and now() < latest:
            await asyncio.sleep(HALF_AN_HOUR.total_seconds())
            ran(world, ago=timedelta(0))
            await verify(world.context)
            row = await world.row(ENGINEERING, user(1))

        assert (row.state, row.needs_proof) == (state, False)

    scenario()
