"""People whose calls Graph always refuses for a while keep nobody else waiting for long."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hasten.domain.changes import DIRECT, OWN_ACCOUNT, Action
from hasten.limits import CALLS_PER_WINDOW, MAX_RETRY_AFTER, REPLICATION_SETTLED_AFTER
from hasten.messages import Wake
from hasten.provision.drain import drain
from hasten.provision.plan_calls import ASKING_AT_ONCE, REMOVALS_AT_ONCE
from hasten.targets import Target
from tests.fakes.directory import answer
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, found, user

UNLUCKY = [user(number) for number in range(CALLS_PER_WINDOW + 1)]
OTHER = user(100)
REFUSALS = {
    "503": answer(status=503),
    "429": replace(answer(status=429), retry_after=MAX_RETRY_AFTER),
}


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("leaves", [True, False], ids=["leaver", "joiner"])
@virtual
async def test_who_comes_after_them_is_called_within_two_pauses(
    refusal: str, *, leaves: bool
) -> None:
    world = World()
    await world.is_discovered()
    world.directory.join(ENGINEERING, *UNLUCKY)
    world.directory.join(ADMIN, OTHER)
    world.directory.answers = lambda call: (
        answer(action="Disable" if leaves else "Create")
        if call.users == (OTHER,)
        else REFUSALS[refusal]
    )
    await world.left(ENGINEERING, *UNLUCKY)
    await drain(world.context, Wake(target=TOTAL), longest=timedelta(minutes=1))
    began = now()
    await (world.left(ADMIN, OTHER) if leaves else world.joined(ENGINEERING, OTHER))

    while now() - began < 2 * MAX_RETRY_AFTER + timedelta(minutes=2):
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)

    assert (OTHER,) in [call.users for call in world.directory.calls]


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    ("group", "action", "people"),
    [
        (DIRECT, Action.REMOVED, REMOVALS_AT_ONCE),
        (OWN_ACCOUNT, Action.ENABLED, ASKING_AT_ONCE),
    ],
)
@virtual
async def test_however_many_they_are_who_comes_last_is_called(
    group: str, action: Action, people: int, refusal: str
) -> None:
    world = World()
    await world.is_discovered()
    everybody = [*(user(number) for number in range(people)), OTHER]
    if action is Action.ENABLED:
        world.directory.join(ENGINEERING, *everybody)
    for one in everybody:
        world.directory.has_user(one)
    is_served = False
    world.directory.answers = lambda call: (
        answer(action="Disable") if call.users == (OTHER,) and is_served else REFUSALS[refusal]
    )
    for one in everybody:
        await world.context.ledger.record([found(group, one, action, 1)])
        await asyncio.sleep(0.01)
    for _ in range(MAX_RETRY_AFTER // timedelta(minutes=1) + 1):
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(60)
    is_served = True
    last = len(world.directory.calls)

    for _ in range(people + 1):
        await drain(world.context, Wake(target=TOTAL))
        await asyncio.sleep(MAX_RETRY_AFTER.total_seconds())

    assert any(OTHER in call.users for call in world.directory.calls[last:])


@pytest.mark.parametrize("action", [Action.ENABLED, Action.REMOVED])
@virtual
async def test_who_needs_another_call_after_an_answer_comes_before_people_found_later(
    action: Action,
) -> None:
    """Access again needs a call for each group. After a shared call that fails, each user needs a
    call of their own."""
    world = World()
    await world.is_discovered()
    first = [user(200), user(201)]
    others = [user(number) for number in range(REMOVALS_AT_ONCE + 5)]
    is_removal = action is Action.REMOVED
    world.directory.join(ADMIN, *first)
    if not is_removal:
        world.directory.join(ENGINEERING, *first, *others)
    for one in others:
        world.directory.has_user(one)
    world.directory.answers = lambda call: (
        answer("Failure", "InsufficientRights")
        if is_removal and len(call.users) > 1
        else answer(action="Disable" if is_removal else "Other")
    )
    group = ENGINEERING if is_removal else OWN_ACCOUNT
    await world.context.ledger.record([found(group, one, action, 1) for one in first])
    await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds() + 1)
    group, later = (DIRECT, action) if is_removal else (OWN_ACCOUNT, Action.UPDATED)
    await world.context.ledger.record([found(group, one, later, 1) for one in others])

    await drain(world.context, Wake(target=TOTAL))

    order = [call.users for call in world.directory.calls]
    last = max(number for number, users in enumerate(order) if not set(users).isdisjoint(first))
    assert last < CALLS_PER_WINDOW * 2


@pytest.mark.parametrize("per_window", [CALLS_PER_WINDOW, 1])
@virtual
async def test_many_joiners_delay_no_revocation_that_graph_has_refused_for_long(
    per_window: int,
) -> None:
    reserved = CALLS_PER_WINDOW - per_window
    world = World(target=Target(name=TOTAL, display_name=TOTAL, reserve_calls=reserved))
    await world.is_discovered()
    began, joiners = now(), [user(number) for number in range(20, 80)]
    world.directory.join(ENGINEERING, *joiners)
    world.directory.join(ADMIN, OTHER)
    world.directory.answers = lambda call: (
        replace(answer(status=429), retry_after=timedelta(minutes=1))
        if now() - began < MAX_RETRY_AFTER + timedelta(minutes=1)
        else answer(action="Create" if call.group else "Disable")
    )
    await world.left(ADMIN, OTHER)
    while now() - began < MAX_RETRY_AFTER + timedelta(minutes=1):
        await drain(world.context, Wake(target=TOTAL), longest=timedelta(seconds=30))
        await asyncio.sleep(30)
    before = len(world.directory.calls)

    await world.joined(ENGINEERING, *joiners)
    await drain(world.context, Wake(target=TOTAL))

    calls = [call.users for call in world.directory.calls[before:]]
    assert len(calls) > 2 * CALLS_PER_WINDOW
    assert calls.index((OTHER,)) < CALLS_PER_WINDOW
