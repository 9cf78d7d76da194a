"""A look at people records each change of their accounts once, in any order."""

from datetime import timedelta

import pytest

from hasten.domain.changes import Action, FoundBy
from hasten.domain.seen_access import last_assigned_at, may_have_access
from hasten.domain.sightings import JOINED_LATELY
from hasten.errors import TemporaryError
from hasten.ports.bus import PROVISIONING
from hasten.watch.admit import admit
from hasten.watch.look_messages import LOOK_BUCKET
from tests.support.people import ADA, AMIR, NOBODY, SETTLED, TITLE, Watched, passes
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL, found


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


@pytest.mark.parametrize("is_deleted", [False, True])
@virtual
async def test_what_happens_to_a_disabled_account_gives_nobody_access_again(
    is_deleted: bool,  # noqa: FBT001
) -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    await world.looks(ADA)
    row = await world.own_row(ADA)
    assert row is not None

    await passes(SETTLED)
    if is_deleted:
        world.directory.delete(ADA)
    else:
        world.directory.change(ADA, **{TITLE: "Former analyst"})
    await world.looks(ADA)

    seen = await world.context.roster.find(TOTAL, ADA)
    assert not may_have_access([row], last_assigned_at(seen, now()))
    assert await world.own_row(ADA) == row


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
async def test_an_unassigned_user_is_not_read() -> None:
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
async def test_a_user_restored_at_once_is_found_by_the_later_look() -> None:
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
async def test_a_disabled_user_who_is_then_deleted_causes_no_further_revocation() -> None:
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
async def test_an_account_that_graph_does_not_return_counts_as_before() -> None:
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
async def test_another_mapping_changes_nobody() -> None:
    world = Watched()
    await world.begins(ADA)
    world.secret = "another secret, which makes other digests of the same values"

    await world.looks(ADA)
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)

    assert world.results("change") == ["found"]
    assert await world.actions() == {ADA: "updated"}


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
async def test_a_second_change_within_a_bucket_is_found_at_its_end() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await world.looks(ADA)
    [(users, delay)] = world.queued_people()
    world.directory.disable(ADA)

    await passes(delay)
    await world.looks_as_queued()

    assert (users, delay) == ([ADA], LOOK_BUCKET)
    assert await world.actions() == {ADA: "disabled"}
