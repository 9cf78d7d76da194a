"""Changes of people's accounts that the brake, observe mode or the policy holds back."""

from collections import Counter
from collections.abc import Callable
from unittest.mock import AsyncMock

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.domain.sightings import Presence, Sighting
from hasten.errors import PermanentError
from hasten.ports.directory_values import Members
from hasten.records.recent_removals import RecentRemovals
from hasten.targets import Mode, Target
from hasten.watch.admit import admit
from hasten.watch.brake_size import MAX_GROUPS_COUNTED
from tests.support.people import ADA, TITLE, Watched
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, found, user


@virtual
async def test_a_mass_of_disabled_people_is_held_by_the_brake_and_alerted_once() -> None:
    world = Watched()
    people = [user(number) for number in range(1, 41)]
    await world.begins(*people)
    for person in people[:12]:
        world.directory.disable(person)

    await world.looks(*people[:6])
    await world.looks(*people[6:12])

    rows = await world.ledger.open_changes(TOTAL)
    assert {(row.state, row.group) for row in rows} == {(State.HELD, OWN_ACCOUNT)}
    assert len(rows) == 12
    assert "12 of 40 people were disabled or deleted" in rows[0].reason
    assert "--group person" in rows[0].next_action
    assert world.results("brake") == ["held"]


@pytest.mark.parametrize("presence", [Presence.DISABLED, Presence.DELETED])
@virtual
async def test_people_who_lost_their_access_long_ago_do_not_let_all_others_lose_theirs(
    presence: Presence,
) -> None:
    world = Watched()
    people = [user(number) for number in range(1, 41)]
    await world.begins(*people)
    gone = Sighting(presence=presence)
    moves = dict.fromkeys((user(n) for n in range(1000, 1400)), lambda _: gone)
    await world.context.roster.change(TOTAL, moves)
    for person in people:
        world.directory.disable(person)

    await world.looks(*people[:6])
    await world.looks(*people[6:])

    rows = await world.ledger.open_changes(TOTAL)
    assert Counter(row.state for row in rows) == {State.HELD: 40}
    assert "40 of 40 people were disabled or deleted" in rows[0].reason


@virtual
async def test_a_leaver_who_is_also_disabled_counts_once_for_the_target() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    await admit(world.context, [found(ENGINEERING, ADA, Action.REMOVED, 2)])

    await world.looks(ADA)

    removals = RecentRemovals(world.store)
    tally = await removals.count(TOTAL, {}, world.now())
    assert (dict(tally.groups), tally.people) == ({ENGINEERING: 1, OWN_ACCOUNT: 1}, 1)


@virtual
async def test_an_observing_target_holds_what_happened_to_its_people() -> None:
    world = Watched(target=Target(name=TOTAL, display_name=TOTAL, mode=Mode.OBSERVE))
    await world.begins(ADA)
    world.directory.change(ADA, **{TITLE: "Analyst"})

    await world.looks(ADA)

    row = await world.own_row(ADA)
    assert row is not None
    assert (row.action, row.state) == (Action.UPDATED, State.HELD)


@virtual
async def test_users_off_neither_reads_nor_writes_anything_about_people() -> None:
    world = Watched(target=Target(name=TOTAL, display_name=TOTAL, users=False))
    await world.begins(ADA)
    world.directory.disable(ADA)

    await world.looks(ADA)

    assert world.directory.accounts_read == []
    assert await world.ledger.open_changes(TOTAL) == []
    assert await world.context.roster.load(TOTAL) == {}


async def with_stale_roster(members: int) -> Watched:
    """Four hundred people of another group have been on the roster since before it was unassigned,
    and nobody compared them since."""
    world = Watched()
    await world.begins(*(user(number) for number in range(members)))
    known = Sighting(presence=Presence.PRESENT)
    moves = dict.fromkeys((user(n) for n in range(1000, 1400)), lambda _: known)
    await world.context.roster.change(TOTAL, moves)
    return world


async def states_after(world: Watched, happens: Callable[[str], None], count: int) -> set[State]:
    people = [user(number) for number in range(count)]
    for person in people:
        happens(person)
    await world.looks(*people)
    return {row.state for row in await world.ledger.open_changes(TOTAL)}


@pytest.mark.parametrize("others", ["unassigned", "deleted"])
@pytest.mark.parametrize("happens", ["disable", "delete"])
@pytest.mark.parametrize(("count", "state"), [(10, State.PENDING), (11, State.HELD)])
def test_people_of_a_group_that_is_assigned_no_more_let_nobody_else_pass(
    happens: str, others: str, count: int, state: State
) -> None:
    @virtual
    async def run() -> None:
        world = await with_stale_roster(40)
        if others == "deleted":
            await world.is_discovered("0000bbbb-0000-4000-8000-000000000009")
            reads = world.directory.members

            async def lists(group: str, **_: object) -> Members:
                if group in {ENGINEERING, ADMIN}:
                    return await reads(group)
                raise PermanentError("the group does not exist", "none")

            world.directory.members = lists  # type: ignore[method-assign]

        assert await states_after(world, getattr(world.directory, happens), count) == {state}

    run()


@virtual
async def test_direct_users_count_as_people_who_can_be_disabled() -> None:
    world = await with_stale_roster(20)
    for number in range(100, 180):
        world.directory.grant(user(number), kind="User")

    assert await states_after(world, world.directory.disable, 15) == {State.PENDING}


@virtual
async def test_hasten_counts_no_more_groups_than_it_needs_to_let_people_pass() -> None:
    world = await with_stale_roster(400)
    asked = AsyncMock(wraps=world.directory.members)
    world.directory.members = asked  # type: ignore[method-assign]

    assert await states_after(world, world.directory.disable, 60) == {State.PENDING}
    assert asked.await_count == 1


@pytest.mark.parametrize("why", ["refused", "hidden", "too many groups"])
def test_the_roster_decides_where_the_groups_cannot_be_counted(why: str) -> None:
    @virtual
    async def run() -> None:
        world = await with_stale_roster(40)
        if why == "refused":
            refused = PermanentError("no", "grant a permission")
            world.directory.members = AsyncMock(side_effect=refused)  # type: ignore[method-assign]
        elif why == "hidden":
            world.directory.hidden_groups.add(ENGINEERING)
        else:
            groups = (f"0000bbbb-0000-4000-8000-{n:012}" for n in range(9, 9 + MAX_GROUPS_COUNTED))
            await world.is_discovered(*groups)

        assert await states_after(world, world.directory.disable, 40) == {State.PENDING}

    run()
