"""The timers find what no notification brought: by the delta, and every hour by comparison."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from hasten.domain.changes import OWN_ACCOUNT, FoundBy
from hasten.domain.sightings import Presence
from hasten.errors import TemporaryError
from hasten.ports.directory_values import MemberProfiles, PeopleDelta
from hasten.records import discovered, people_cursor
from hasten.targets import Target
from hasten.timers import run
from hasten.watch.compare_people import DELETED_KEPT_FOR, compare_people
from hasten.watch.people_delta import reconcile_people
from tests.fakes.accounts import ENABLED, RESTORED
from tests.fakes.directory import FakeDirectory
from tests.support.people import ADA, AMIR, NOBODY, SETTLED, TITLE, Watched, passes
from tests.support.virtual_time import now, virtual
from tests.support.world import ENGINEERING, TOTAL


async def reconciled(world: Watched) -> list[list[str]]:
    """Whom the timer looks at."""
    world.bus.sent.clear()
    await reconcile_people(world.context)
    return [users for users, _ in world.queued_people()]


async def compared(world: Watched) -> list[list[str]]:
    world.bus.sent.clear()
    await compare_people(world.context)
    return [users for users, _ in world.queued_people()]


@virtual
async def test_people_from_before_hasten_are_taken_as_they_are() -> None:
    world = Watched()
    world.directory.has_user(AMIR)
    world.directory.disable(AMIR)

    await world.begins(ADA, AMIR)

    roster = await world.context.roster.load(TOTAL)
    assert {user: seen.presence for user, seen in roster.items()} == {
        ADA: Presence.PRESENT,
        AMIR: Presence.DISABLED,
    }
    assert await world.ledger.open_changes(TOTAL) == []


@virtual
async def test_a_change_without_a_notification_is_found_by_the_timer() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)

    first = await reconciled(world)
    await world.looks_as_queued()

    row = await world.own_row(ADA)
    assert row is not None
    assert (first, row.found_by) == ([[ADA]], FoundBy.RECONCILE)
    assert await reconciled(world) == []


@virtual
async def test_of_all_who_changed_only_the_assigned_are_looked_at() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.has_user(NOBODY)
    world.directory.disable(NOBODY)
    world.directory.delete(ADA)

    assert await reconciled(world) == [[ADA]]
    assert world.directory.accounts_read == []


@virtual
async def test_a_refused_link_begins_again_and_everybody_is_compared() -> None:
    world = Watched()
    await world.begins(ADA, AMIR)
    cursor = await people_cursor.load(world.store)
    assert cursor is not None
    world.directory.expired_people_links.add(cursor.link)
    world.directory.disable(ADA)

    found = await reconciled(world)

    assert found == [[ADA]]
    assert world.results("people")[-2:] == ["compared", "restarted"]
    assert await reconciled(world) == []


@virtual
async def test_another_mapping_begins_a_new_link_and_reads_the_old_one_a_last_time() -> None:
    world = Watched()
    await world.begins(ADA)
    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    world.directory.change(ADA, **{TITLE: "Analyst"})
    await discovered.save(world.store, replace(found, properties=("department",)), over=found)

    first = await reconciled(world)
    world.directory.change(ADA, department="Finance")

    assert first == [[ADA]]
    assert await reconciled(world) == [[ADA]]


@dataclass
class FailsOnce(FakeDirectory):
    """The first read of a group's members with their accounts fails."""

    failed: bool = False

    async def member_profiles(self, group: str, properties: Sequence[str]) -> MemberProfiles | None:
        if not self.failed:
            self.failed = True
            raise TemporaryError("Graph answered 503", SETTLED)
        return await super().member_profiles(group, properties)


@virtual
async def test_a_first_comparison_that_failed_is_made_again_by_the_next_timer() -> None:
    """Nobody would be looked at before the comparison of the hour otherwise."""
    world = Watched(directory=FailsOnce(groups=[ENGINEERING]))
    await world.is_discovered()
    world.directory.join(ENGINEERING, ADA)

    with pytest.raises(TemporaryError):
        await reconcile_people(world.context)
    await reconcile_people(world.context)
    world.directory.disable(ADA)

    assert await reconciled(world) == [[ADA]]


@dataclass
class CutShort(FakeDirectory):
    """The second page of its delta cannot be read."""

    async def people_delta(self, link: str) -> PeopleDelta:
        cut = TemporaryError("Graph answered 503", SETTLED)
        return replace(await super().people_delta(link), link=f"{link}|page", cut=cut)


@virtual
async def test_a_delta_cut_short_looks_at_what_was_read_and_goes_on_from_there() -> None:
    world = Watched(directory=CutShort(groups=[ENGINEERING]))
    await world.begins(ADA)
    world.directory.disable(ADA)

    with pytest.raises(TemporaryError):
        await reconcile_people(world.context)

    cursor = await people_cursor.load(world.store)
    assert [users for users, _ in world.queued_people()] == [[ADA]]
    assert cursor is not None
    assert cursor.link.endswith("|page")


@virtual
async def test_the_link_stays_where_it_was_until_the_looks_are_queued() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.disable(ADA)
    world.bus.down = True
    with pytest.raises(TemporaryError):
        await reconcile_people(world.context)
    world.bus.down = False

    assert await reconciled(world) == [[ADA]]


# --- the comparison ---


@pytest.mark.parametrize("hidden", [ENABLED, RESTORED])
def test_the_hourly_comparison_finds_what_the_delta_hides(hidden: str) -> None:
    @virtual
    async def scenario() -> None:
        world = Watched()
        await world.begins(ADA)
        world.directory.hidden = {hidden}
        if hidden == RESTORED:
            world.directory.delete(ADA)
            await world.looks(ADA)
            await reconciled(world)
            await passes(SETTLED)
            world.directory.restore(ADA)
        else:
            world.directory.disable(ADA)
        await reconciled(world)
        await world.looks_as_queued()
        missed = await world.actions()

        found = await compared(world)
        await world.looks_as_queued()

        assert found == [[ADA]]
        assert missed != await world.actions()
        assert await world.actions() == {ADA: "restored" if hidden == RESTORED else "disabled"}

    scenario()


@virtual
async def test_the_comparison_finds_a_deletion_and_another_value() -> None:
    world = Watched()
    await world.begins(ADA, AMIR)
    world.directory.delete(ADA)
    world.directory.change(AMIR, **{TITLE: "Analyst"})

    found = await compared(world)

    assert sorted(found) == [[ADA], [AMIR]]


@virtual
async def test_the_roster_follows_the_assignments_without_a_row() -> None:
    world = Watched()
    await world.begins(ADA)
    await passes(SETTLED)
    world.directory.leave(ENGINEERING, ADA)
    world.directory.join(ENGINEERING, AMIR)
    world.directory.has_user(NOBODY)
    world.directory.grant(NOBODY, kind="User")

    found = await compared(world)

    assert found == []
    assert (await world.context.roster.load(TOTAL)).keys() == {AMIR, NOBODY}


@virtual
async def test_somebody_who_has_just_joined_stays_although_no_list_shows_them_yet() -> None:
    """Otherwise nobody would look at their account when it is disabled."""
    world = Watched()
    await world.begins(ADA)
    await passes(SETTLED)
    world.directory.has_user(AMIR)
    await world.context.roster.add(TOTAL, [AMIR], now())

    await compared(world)
    world.directory.join(ENGINEERING, AMIR)
    world.directory.disable(AMIR)
    await world.looks(AMIR)

    assert await world.actions() == {AMIR: "disabled"}


@virtual
async def test_who_was_deleted_is_kept_as_long_as_graph_can_restore_them() -> None:
    world = Watched()
    await world.begins(ADA)
    world.directory.delete(ADA)
    await world.looks(ADA)

    await compared(world)
    kept = await world.context.roster.load(TOTAL)
    await passes(DELETED_KEPT_FOR)
    await passes(SETTLED)
    await compared(world)

    assert kept.keys() == {ADA}
    assert await world.context.roster.load(TOTAL) == {}


@virtual
async def test_the_comparison_costs_a_request_a_group_and_nothing_for_each_member() -> None:
    world = Watched()
    await world.begins(ADA, AMIR)

    await compared(world)

    assert world.directory.accounts_read == []


# --- switched off ---


@virtual
async def test_switched_off_for_all_targets_nothing_of_it_is_kept() -> None:
    world = Watched()
    await world.begins(ADA)
    world.target = Target(name=TOTAL, display_name=TOTAL, users=False)

    await run(world.context, "look")
    await run(world.context, "people")

    assert await people_cursor.load(world.store) is None
    assert await world.context.roster.load(TOTAL) == {}
    assert await world.ledger.find(TOTAL, OWN_ACCOUNT, ADA) is None
