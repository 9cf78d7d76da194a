"""Reconcile when a link has expired, Graph fails, or two workers reconcile at once."""

import asyncio
from datetime import timedelta

import pytest

from hasten.errors import PermanentError, TemporaryError
from hasten.limits import MAX_GROUPS_PER_DELTA
from hasten.ports.directory_values import MembershipDelta
from hasten.records import delta_batches as batches
from hasten.watch.reconcile import reconcile
from tests.fakes.directory import FakeDirectory
from tests.support.reconciling import HUNDRED, grouped, queued_looks
from tests.support.subscriber import ONE, THREE, TWO, Subscriber
from tests.support.virtual_time import virtual
from tests.support.world import user


class Unreadable(FakeDirectory):
    async def membership_delta(self, link: str) -> MembershipDelta:
        raise TemporaryError("Graph answered 500", timedelta(seconds=5))


@virtual
async def test_an_expired_link_starts_anew_and_every_group_of_its_batch_is_queued_looks() -> None:
    world = await grouped(*HUNDRED)
    first, _ = await batches.load_all(world.store)
    world.directory.expired_links.add(first.link)
    world.directory.join(HUNDRED[3], user(1))

    await reconcile(world.context, HUNDRED)
    assert queued_looks(world) == HUNDRED[:MAX_GROUPS_PER_DELTA]
    await reconcile(world.context, HUNDRED)

    assert queued_looks(world) == []


@virtual
async def test_an_expired_link_at_the_last_read_looks_at_what_is_still_watched() -> None:
    world = await grouped(ONE, TWO)
    [batch] = await batches.load_all(world.store)
    world.directory.expired_links.add(batch.link)

    await reconcile(world.context, [TWO, THREE])

    assert queued_looks(world) == [TWO, THREE]


class Broken(FakeDirectory):
    """Refuses the first batch."""

    async def membership_delta(self, link: str) -> MembershipDelta:
        if link.startswith(ONE):
            raise PermanentError("Graph answered 400", "look at the request")
        return await super().membership_delta(link)


@virtual
async def test_a_batch_that_cannot_be_read_does_not_keep_the_others_waiting() -> None:
    world = await grouped(*HUNDRED)
    world.directory.join(HUNDRED[77], user(1))
    world.directory = Broken(history=world.directory.history)

    with pytest.raises(PermanentError, match="400"):
        await reconcile(world.context, HUNDRED)

    assert queued_looks(world) == [HUNDRED[77]]


@virtual
async def test_a_batch_that_cannot_be_read_does_not_keep_new_groups_from_being_batched() -> None:
    world = Subscriber(directory=Unreadable())
    await reconcile(world.context, [ONE])
    world.bus.sent.clear()

    await reconcile(world.context, [ONE, TWO])

    assert queued_looks(world) == [ONE, TWO]
    [batch] = await batches.load_all(world.store)
    assert set(batch.groups) == {ONE, TWO}


@virtual
async def test_two_workers_that_reconcile_at_once_lose_no_change() -> None:
    world = await grouped(ONE)
    world.directory.join(ONE, user(1))

    await asyncio.gather(*(reconcile(world.context, [ONE]) for _ in range(2)))
    assert set(queued_looks(world)) == {ONE}
    await reconcile(world.context, [ONE])

    assert queued_looks(world) == []
