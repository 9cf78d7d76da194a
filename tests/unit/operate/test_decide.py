"""An operator decides about what is held; where the target says so, two operators must agree."""

import asyncio

import pytest

from hasten.domain.changes import Action, State
from hasten.errors import PermanentError
from hasten.operate.decide import DecidedChanges, HeldAction, decide
from hasten.operate.held import choose_held
from hasten.operate.two_people import PROPOSAL_HOLDS_FOR, pending
from hasten.records import proposals
from hasten.targets import Target
from hasten.watch.admit import admit
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, World, found, user

ALICE, BOB = user(901), user(902)
LEAVERS = tuple(user(number) for number in range(1, 13))


async def with_leavers(*, two: bool) -> World:
    world = World(Target(name=TOTAL, display_name=TOTAL, release_by_two=two))
    removals = [found(ENGINEERING, one, Action.REMOVED, 2) for one in LEAVERS]
    await admit(world.context, removals, members_before=12)
    return world


async def decided(
    world: World, by: str, *users: str, decision: HeldAction = HeldAction.RELEASE
) -> DecidedChanges:
    context = world.context
    chosen = await choose_held(context, TOTAL, groups=(), users=users)
    return await decide(context, TOTAL, chosen, decision, by=by, reason="they left the company")


async def states(world: World) -> dict[State, int]:
    found = [(await world.row(ENGINEERING, one)).state for one in LEAVERS]
    return {state: found.count(state) for state in set(found)}


@virtual
async def test_one_operator_releases_what_is_held() -> None:
    world = await with_leavers(two=False)

    assert await decided(world, ALICE) == DecidedChanges(moved=12)
    assert await states(world) == {State.PENDING: 12}


@virtual
async def test_the_first_of_two_operators_only_proposes() -> None:
    world = await with_leavers(two=True)

    assert await decided(world, ALICE) == DecidedChanges(moved=0, proposed=12)
    assert await states(world) == {State.HELD: 12}
    assert {one.by for one in (await pending(world.context, TOTAL)).values()} == {ALICE}


@virtual
async def test_the_same_operator_cannot_agree_with_their_own_proposal() -> None:
    world = await with_leavers(two=True)
    await decided(world, ALICE)

    assert await decided(world, ALICE.upper()) == DecidedChanges(moved=0, proposed=12)
    assert await states(world) == {State.HELD: 12}


@virtual
async def test_the_second_operator_releases_what_the_first_proposed_and_proposes_the_rest() -> None:
    world = await with_leavers(two=True)
    await decided(world, ALICE, *LEAVERS[:4])

    assert await decided(world, BOB) == DecidedChanges(moved=4, proposed=8)
    assert await states(world) == {State.PENDING: 4, State.HELD: 8}
    assert {one.by for one in (await proposals.load(world.store, TOTAL)).values()} == {BOB}


@virtual
async def test_a_proposal_is_void_after_a_day() -> None:
    world = await with_leavers(two=True)
    await decided(world, ALICE)
    await asyncio.sleep(PROPOSAL_HOLDS_FOR.total_seconds() + 1)

    assert await decided(world, BOB) == DecidedChanges(moved=0, proposed=12)


@virtual
async def test_a_proposal_says_nothing_about_a_newer_change_of_the_same_person() -> None:
    world = await with_leavers(two=True)
    await decided(world, ALICE)
    await world.ledger.record([found(ENGINEERING, LEAVERS[0], Action.ADDED, 3)])
    again = [found(ENGINEERING, one, Action.REMOVED, 4) for one in LEAVERS]
    await admit(world.context, again, members_before=12)

    assert (await decided(world, BOB)).moved < 12
    assert (await world.row(ENGINEERING, LEAVERS[0])).state is State.HELD


@virtual
@pytest.mark.parametrize("by", ["", "alice", "alice@contoso.example"])
async def test_a_name_that_anybody_can_type_is_no_second_operator(by: str) -> None:
    world = await with_leavers(two=True)
    await decided(world, ALICE)

    with pytest.raises(PermanentError, match="two operators must agree"):
        await decided(world, by)
    assert await states(world) == {State.HELD: 12}


@virtual
async def test_one_operator_discards_even_where_two_must_release() -> None:
    world = await with_leavers(two=True)
    await decided(world, ALICE, LEAVERS[0])

    assert await decided(world, BOB, decision=HeldAction.DISCARD) == DecidedChanges(moved=12)
    assert await states(world) == {State.LEFT_TO_CYCLE: 12}
    assert await proposals.load(world.store, TOTAL) == {}
