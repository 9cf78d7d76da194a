"""Changes of people's accounts that the brake, observe mode or the policy holds back."""

from collections import Counter

import pytest

from hasten.domain.changes import OWN_ACCOUNT, Action, State
from hasten.domain.sightings import Presence, Sighting
from hasten.records.recent_removals import RecentRemovals
from hasten.targets import Mode, Target
from hasten.watch.admit import admit
from tests.support.people import ADA, TITLE, Watched
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


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
