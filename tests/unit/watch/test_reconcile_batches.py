"""The batches of reconcile as groups come and go."""

import pytest

from hasten.records import cursors
from hasten.records import delta_batches as batches
from hasten.watch.look import start_watching
from hasten.watch.reconcile import reconcile
from tests.fakes.directory import FakeDirectory
from tests.support.reconciling import HUNDRED, grouped, queued_looks
from tests.support.subscriber import ONE, THREE, TWO, Subscriber
from tests.support.virtual_time import virtual
from tests.support.world import user


@virtual
async def test_a_group_that_is_newly_watched_is_queued_looks_for_what_came_before() -> None:
    world = await grouped(ONE)
    world.directory.join(TWO, user(1))

    await reconcile(world.context, [ONE, TWO])
    assert queued_looks(world) == [TWO]
    world.directory.join(TWO, user(2))
    await reconcile(world.context, [ONE, TWO])

    assert queued_looks(world) == [TWO]


@virtual
async def test_a_change_just_before_the_groups_are_batched_anew_is_found_all_the_same() -> None:
    world = await grouped(ONE, TWO)
    world.directory.join(ONE, user(1))
    world.directory.join(TWO, user(1))

    await reconcile(world.context, [TWO, THREE])

    assert queued_looks(world) == [TWO, THREE]


@pytest.mark.parametrize("is_expired", [False, True])
@virtual
async def test_a_group_that_changed_while_it_was_not_watched_is_looked_at_when_it_is_again(
    is_expired: bool,  # noqa: FBT001 - a case
) -> None:
    world = await grouped(ONE, TWO, THREE)
    [batch] = await batches.load_all(world.store)
    world.directory.join(TWO, user(1))
    if is_expired:
        world.directory.expired_links.add(batch.link)

    await reconcile(world.context, [ONE, THREE])
    queued_looks(world)
    await reconcile(world.context, [ONE, TWO, THREE])

    assert queued_looks(world) == [TWO]


@virtual
async def test_a_group_that_did_not_change_while_it_was_not_watched_stays_in_its_batch() -> None:
    world = await grouped(ONE, TWO, THREE)
    world.directory.join(ONE, user(1))
    await reconcile(world.context, [ONE, THREE])
    queued_looks(world)
    reads = world.directory.delta_reads

    world.directory.join(TWO, user(1))
    await reconcile(world.context, [ONE, TWO, THREE])

    assert (queued_looks(world), world.directory.delta_reads - reads) == ([TWO], 1)


class Busy(FakeDirectory):
    """Something changes while the new links are made."""

    async def membership_start(self, *groups: str) -> str:
        link = await super().membership_start(*groups)
        self.join(ONE, user(len(self.history.get(ONE, ())) + 1))
        return link


@virtual
async def test_a_change_while_the_groups_are_batched_anew_is_found_too() -> None:
    world = await grouped(ONE)
    world.directory = Busy(history=world.directory.history)

    await reconcile(world.context, [ONE, TWO])

    assert queued_looks(world) == [ONE, TWO]


@virtual
async def test_when_fewer_groups_are_watched_the_batches_left_over_are_removed() -> None:
    world = await grouped(*HUNDRED)

    await reconcile(world.context, [ONE])

    [batch] = await batches.load_all(world.store)
    assert batch.groups == (ONE,)
    assert queued_looks(world) == []


@virtual
async def test_without_watched_groups_nothing_is_asked() -> None:
    world = Subscriber()

    await reconcile(world.context, [])

    assert world.directory.delta_reads == 0
    assert world.events == []


@virtual
async def test_the_batches_leave_the_cursors_of_their_groups_alone() -> None:
    world = await grouped(ONE)
    await start_watching(world.context, ONE)
    before = await cursors.load(world.store, ONE)
    world.directory.join(ONE, user(1))

    await reconcile(world.context, [ONE])

    assert await cursors.load(world.store, ONE) == before
