"""A look at people: what became of their accounts, written once, whatever the order."""

from datetime import timedelta

import pytest

from hasten.domain.changes import PERSON, Action, FoundBy, State
from hasten.domain.sightings import JOINED_LATELY
from hasten.errors import TemporaryError
from hasten.ports.bus import PROVISIONING
from hasten.records.recent_removals import RecentRemovals
from hasten.targets import Mode, Target
from hasten.watch.admit import admit
from hasten.watch.buckets import BUCKET
from tests.support.people import ADA, AMIR, NOBODY, SETTLED, TITLE, Watched, passes
from tests.support.virtual_time import virtual
from tests.support.world import ENGINEERING, TOTAL, found, user


@virtual
async def test_each_thing_that_happens_to_an_account_is_a_row_with_its_own_action() -> None:
    world = Watched()
    await world.begins(ADA)
    seen = []

    happen = [
        lambda person: world.directory.change(person, **{TITLE: "Analyst"}),
        world.directory.disable,
        world.directory.enable,
        world.directory.delete,
        world.directory.restore,
    ]
    for what in happen:
        what(ADA)
        await passes(SETTLED)
        await world.looks(ADA)
        row = await world.own_row(ADA)
        assert row is not None
        seen.append(row.action)

    assert seen == [
        Action.UPDATED,
        Action.DISABLED,
        Action.ENABLED,
        Action.DELETED,
        Action.RESTORED,
    ]
    assert [m.body["target"] for m in world.bus.of(PROVISIONING)] == [TOTAL] * 5


@virtual
async def test_a_look_that_finds_nothing_new_writes_nothing_and_looks_three_times_again() -> None:
    world = Watched()
    await world.begins(ADA)

    await world.looks(ADA)
    delays = []
    while queued := world.queued_people():
        delays += [delay.total_seconds() for _, delay in queued]
        await world.looks_as_queued()

    assert delays == [5, 15, 45]
    assert await world.ledger.open_changes(TOTAL) == []


@virtual
async def test_who_is_not_assigned_is_not_even_read() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.has_user(NOBODY)
    world.directory.disable(NOBODY)

    await world.looks(NOBODY)

    assert world.directory.accounts_read == []
    assert await world.ledger.open_changes(TOTAL) == []
    assert world.queued_people() == []


@virtual
async def test_a_look_repeated_after_a_crash_before_the_roster_was_written_changes_nothing() -> (
    None
):
    world = Watched()
    await world.begins(ADA)
    before = await world.context.roster.find(TOTAL, ADA)
    assert before is not None
    world.directory.disable(ADA)
    await world.looks(ADA)
    first = await world.own_row(ADA)
    await world.context.roster.change(TOTAL, {ADA: lambda _: before})

    await world.looks(ADA)

    assert await world.own_row(ADA) == first


@virtual
async def test_two_looks_at_the_same_time_write_one_row() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)

    await world.looks(ADA)
    await world.looks(ADA)

    assert world.results("change") == ["found"]


@virtual
async def test_a_replica_that_lags_does_not_bring_somebody_back() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    world.directory.enable(ADA)  # as a replica that lags shows it

    await world.looks(ADA)

    assert await world.actions() == {ADA: "disabled"}
    assert ([ADA], SETTLED) in world.queued_people()


@virtual
async def test_who_is_back_so_soon_is_found_by_the_later_look() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    world.directory.enable(ADA)
    await world.looks(ADA)
    await passes(SETTLED)

    await world.looks_as_queued()

    assert await world.actions() == {ADA: "enabled"}


@virtual
async def test_who_is_disabled_and_then_deleted_was_out_already() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    world.directory.delete(ADA)
    await world.looks(ADA)
    await passes(SETTLED)
    world.directory.restore(ADA)
    world.directory.enable(ADA)
    await world.looks(ADA)

    row = await world.own_row(ADA)
    assert row is not None
    assert row.action is Action.RESTORED
    assert world.results("change") == ["found", "found"]


@virtual
async def test_an_account_of_which_graph_says_nothing_counts_as_before() -> None:
    world = Watched()
    await world.begins(ADA, AMIR)
    world.directory.disable(AMIR)
    await world.looks(AMIR)
    world.directory.unsaid = {ADA, AMIR}

    await passes(SETTLED)
    await world.looks(ADA, AMIR)

    assert await world.actions() == {AMIR: "disabled"}


@virtual
async def test_a_joiner_is_watched_from_their_row_on() -> None:
    world = Watched()
    await world.begins()
    world.directory.join(ENGINEERING, ADA)
    await admit(world.context, [found(ENGINEERING, ADA, Action.ADDED, 1)])
    world.directory.disable(ADA)

    await world.looks(ADA)

    assert await world.actions() == {ADA: "disabled"}


@virtual
async def test_the_first_change_of_a_joiner_is_an_update_when_a_notification_names_them() -> None:
    world = Watched()
    await world.begins()
    for person in (ADA, AMIR):
        world.directory.join(ENGINEERING, person)
        await admit(world.context, [found(ENGINEERING, person, Action.ADDED, 1)])
    await passes(JOINED_LATELY)

    await world.looks(ADA)
    await world.looks(AMIR, found_by=FoundBy.COMPARISON)

    assert await world.actions() == {ADA: "updated"}


@virtual
async def test_the_notifications_of_a_creation_cause_no_call_beside_that_of_the_joiner() -> None:
    world = Watched()
    await world.begins()
    world.directory.join(ENGINEERING, ADA)
    await admit(world.context, [found(ENGINEERING, ADA, Action.ADDED, 1)])

    await world.looks(ADA)
    first = await world.actions()
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)

    assert (first, await world.actions()) == ({}, {ADA: "updated"})


@virtual
async def test_another_mapping_is_no_change_of_anybody() -> None:
    world = Watched()
    await world.begins(ADA)
    world.secret = "another secret, which makes other digests of the same values"

    await world.looks(ADA)
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)

    assert world.results("change") == ["found"]
    assert await world.actions() == {ADA: "updated"}


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
    assert {(row.state, row.group) for row in rows} == {(State.HELD, PERSON)}
    assert len(rows) == 12
    assert "12 of 40 people were disabled or deleted" in rows[0].reason
    assert "--group person" in rows[0].next_action
    assert world.results("brake") == ["held"]


@virtual
async def test_who_leaves_a_group_and_is_disabled_counts_once_for_the_target() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    await admit(world.context, [found(ENGINEERING, ADA, Action.REMOVED, 2)])

    await world.looks(ADA)

    removals = RecentRemovals(world.store)
    tally = await removals.count(TOTAL, {}, world.now())
    assert (dict(tally.groups), tally.people) == ({ENGINEERING: 1, PERSON: 1}, 1)


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


@virtual
async def test_a_read_that_fails_loses_nothing() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    world.bus.down = True
    with pytest.raises(TemporaryError):
        await world.looks(ADA)
    world.bus.down = False

    await passes(timedelta(seconds=30))
    await world.looks(ADA)

    assert await world.actions() == {ADA: "disabled"}
    assert len(world.bus.of(PROVISIONING)) == 1


@virtual
async def test_what_changes_again_within_a_bucket_is_found_at_its_end() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)
    [(users, delay)] = world.queued_people()
    world.directory.disable(ADA)

    await passes(delay)
    await world.looks_as_queued()

    assert (users, delay) == ([ADA], BUCKET)
    assert await world.actions() == {ADA: "disabled"}
