"""The brake holds removals, and intents of removals, that another worker changes at that moment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from hasten.domain.changes import Change, State
from hasten.domain.intents import Intent, Wanted
from hasten.domain.row_states import released, waiting
from hasten.records.recent_removals import RecentRemovals, Trip
from hasten.watch.hold_removals import hold_if_tripped
from tests.support.ensuring import Onboarding
from tests.support.racing_store import Racing
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, user

LEAVERS = [user(n) for n in range(1, 26)]
"""More than Hasten writes in one commit."""


async def tripped() -> tuple[Onboarding, Racing]:
    store = Racing()
    world = Onboarding(store=store)
    await world.is_discovered()
    trip = Trip(
        target=TOTAL, group=ENGINEERING, at=now(), reason="many", next_action="look", reported=25
    )
    await RecentRemovals(store).trip(trip)
    return world, store


def postponed(row: Change) -> Change:
    return waiting(row, due_at=now() + timedelta(seconds=15), reason="Graph did not answer")


def seen_again(row: Change) -> Change:
    return replace(row, seen_at=now() + timedelta(seconds=1))


def called(row: Change) -> Change:
    return replace(row, state=State.CALLING, called_at=now())


def let_go(row: Change) -> Change:
    return released(row, now=now())


@pytest.mark.parametrize(
    ("becomes", "is_held"),
    [(postponed, True), (seen_again, True), (called, False), (let_go, False)],
)
@virtual
async def test_a_removal_that_still_waits_is_held_although_it_has_just_changed(
    becomes: Callable[[Change], Change], *, is_held: bool
) -> None:
    world, store = await tripped()
    world.directory.join(ENGINEERING, *LEAVERS)
    await world.left(ENGINEERING, *LEAVERS)
    rows = await world.ledger.open_changes(TOTAL)

    store.meanwhile = partial(world.ledger.move, rows, becomes)
    await hold_if_tripped(world.context, world.target, ENGINEERING)

    states = {row.state is State.HELD for row in await world.ledger.open_changes(TOTAL)}
    assert states == {is_held}


@pytest.mark.parametrize(
    ("becomes", "is_held"),
    [
        (lambda intent: replace(intent, not_before=now()), True),
        (lambda intent: replace(intent, writing=True), False),
        (lambda intent: replace(intent, released=True), False),
    ],
)
@virtual
async def test_an_intent_of_a_removal_is_held_although_it_has_just_changed(
    becomes: Callable[[Intent], Intent], *, is_held: bool
) -> None:
    world, store = await tripped()
    intents = await world.wants(ENGINEERING, *LEAVERS, wanted=Wanted.ABSENT)

    store.meanwhile = partial(world.intents.update, intents, becomes)
    await hold_if_tripped(world.context, world.target, ENGINEERING)

    held = {bool(intent.held) for intent in await world.intents.open_intents(TOTAL)}
    assert held == {is_held}
