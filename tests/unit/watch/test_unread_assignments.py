"""An assignment that cannot be read hurts no other, and nobody whom it may be about counts as
unassigned."""

import asyncio
from collections.abc import Iterable

import pytest

from hasten.domain.changes import DIRECT, Action
from hasten.limits import REPLICATION_SETTLED_AFTER
from hasten.records import discovered, unseen_groups
from hasten.watch.compare_people import compare_people
from hasten.watch.sweep import sweep
from tests.support.people import ADA, AMIR, Watched
from tests.support.swept import open_rows, swept
from tests.support.virtual_time import now, virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, World, user

SALES = "0000bbbb-0000-4000-8000-000000000003"
ALONE = user(50)

each = pytest.mark.parametrize("names", [True, False], ids=["known", "unknown"])


async def garbled(*principals: str, names: bool) -> World:
    """A world in which a sweep has found ENGINEERING, ADMIN and ALONE, and whose list of
    assignments now has entries about `principals` that cannot be read."""
    world = await swept()
    garble(world, principals, names=names)
    return world


def garble(world: World, principals: Iterable[str], *, names: bool) -> None:
    world.directory.unread_assignments = set(principals)
    world.directory.hides_principals = not names


async def groups_of(world: World) -> set[str]:
    found = await discovered.load(world.store, TOTAL)
    assert found is not None
    return set(found.groups)


@each
@pytest.mark.parametrize("hidden", [ENGINEERING, ALONE])
def test_who_may_be_the_entry_stays_assigned_and_what_is_new_is_provisioned(
    hidden: str,
    names: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await garbled(hidden, names=names)
        world.directory.join(SALES, user(20))
        world.directory.groups.append(SALES)
        world.directory.grant(user(51), kind="User")

        await sweep(world.context)

        assert await open_rows(world) == {
            (SALES, user(20), Action.ADDED),
            (DIRECT, user(51), Action.ADDED),
        }
        assert await groups_of(world) == {ENGINEERING, ADMIN, SALES}
        [left_out] = [e for e in world.events if (e.name, e.result) == ("assignment", "left_out")]
        assert left_out.fields["principals"] == ([hidden] if names else [])
        assert left_out.problem

    scenario()


@pytest.mark.parametrize("hidden", [ENGINEERING, ALONE])
def test_somebody_else_who_is_unassigned_is_revoked_at_once(hidden: str) -> None:
    @virtual
    async def scenario() -> None:
        world = await garbled(hidden, names=True)
        world.directory.join(ADMIN, user(7))
        world.directory.groups.remove(ADMIN)

        await sweep(world.context)

        assert await open_rows(world) == {(ADMIN, user(7), Action.REMOVED)}

    scenario()


@each
def test_who_was_unassigned_meanwhile_is_revoked_as_soon_as_the_list_can_be_read(
    names: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await garbled(ALONE, ENGINEERING, names=names)
        await sweep(world.context)
        assert await open_rows(world) == set()

        world.directory.groups.remove(ENGINEERING)
        world.directory.granted.clear()
        await sweep(world.context)

        rows = {(ENGINEERING, user(n), Action.REMOVED) for n in range(5)}
        assert await open_rows(world) == {*rows, (DIRECT, ALONE, Action.REMOVED)}

    scenario()


@each
def test_a_group_through_which_hasten_gave_access_is_not_taken_for_unassigned(
    names: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = await garbled(SALES, names=names)
        world.directory.join(SALES, user(20))
        world.directory.groups.append(SALES)
        await unseen_groups.note(world.store, TOTAL, [SALES], now())
        await asyncio.sleep(REPLICATION_SETTLED_AFTER.total_seconds())

        await sweep(world.context)
        assert await open_rows(world) == set()
        assert SALES in await unseen_groups.load(world.store, TOTAL)

        garble(world, (), names=names)
        await sweep(world.context)
        assert await open_rows(world) == {(SALES, user(20), Action.ADDED)}

    scenario()


@each
def test_the_account_of_a_user_whose_assignment_cannot_be_read_is_still_compared(
    names: bool,  # noqa: FBT001
) -> None:
    @virtual
    async def scenario() -> None:
        world = Watched()
        await world.begins(ADA)
        world.directory.has_user(AMIR)
        world.directory.grant(AMIR, kind="User")
        await compare_people(world.context)
        garble(world, [AMIR], names=names)
        world.directory.disable(AMIR)

        await compare_people(world.context)
        await world.looks_as_queued()

        assert await world.actions() == {AMIR: Action.DISABLED}

    scenario()
