"""From the posted event to the directory: what the one service writes, the other brings about."""

import asyncio
import itertools
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from hasten.domain.changes import Action
from hasten.ports.store import Document, Write
from tests.fakes.memory_store import MemoryStore
from tests.support.posting import (
    ENSURE_GROUP,
    GROUP,
    OFFBOARD,
    PROVISION,
    Posting,
    event,
    ref,
    total,
)
from tests.support.virtual_time import virtual
from tests.support.world import ADMIN, ENGINEERING, TOTAL, user

TEAM = {"name": "Team-New"}


async def posting() -> Posting:
    world = Posting(target=total(direct="allow"))
    await world.is_discovered()
    return world


async def actions(world: Posting, number: int) -> list[tuple[str, Action]]:
    changes = await world.ledger.open_changes(TOTAL)
    return [(change.group, change.action) for change in changes if change.user == user(number)]


@pytest.mark.parametrize("groups", [None, [GROUP]])
@pytest.mark.parametrize("ensured_between", [True, False])
def test_onboard_and_offboard_within_a_second_leave_nobody_in_the_group(
    groups: list[dict[str, str]] | None, *, ensured_between: bool
) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        leaving: dict[str, Any] = {"groups": groups} if groups else {}

        await world.posts(event(users=[ref(1)], group=GROUP, age=1))
        if ensured_between:
            await asyncio.sleep(2)
            await world.ensures_until_done()
            assert await world.members(ENGINEERING) == {user(1)}
        await world.posts(event(OFFBOARD, users=[ref(1)], event_id="2", **leaving))
        await asyncio.sleep(2)
        await world.ensures_until_done()

        assert await world.members(ENGINEERING) == set()
        expected = [(ENGINEERING, Action.REMOVED)] if ensured_between else []
        assert await actions(world, 1) == expected

    run()


@virtual
async def test_a_hire_into_a_group_that_is_not_there_yet_makes_it_once() -> None:
    world = await posting()

    for number in (1, 2, 3):
        await world.posts(event(users=[ref(number)], group=TEAM, event_id=str(number)))
    await asyncio.sleep(2)
    await world.ensures_until_done()
    await world.posts(event(users=[ref(4)], group=TEAM, event_id="4"))
    await asyncio.sleep(2)
    await world.ensures_until_done()

    [made] = [g for g in world.directory.group_objects.values() if g["displayName"] == "Team-New"]
    assert await world.members(made["id"]) == {user(number) for number in (1, 2, 3, 4)}
    assert world.directory.writes["create_group"] == 1
    assert len(world.given(made["id"])) == 1


@virtual
async def test_a_group_with_owner_and_members_is_made_as_the_event_says() -> None:
    world = await posting()

    await world.posts(
        event(ENSURE_GROUP, group=TEAM, description="New", owners=[ref(9)], members=[ref(1)])
    )
    await asyncio.sleep(2)
    await world.ensures_until_done()

    [made] = [g for g in world.directory.group_objects.values() if g["displayName"] == "Team-New"]
    assert (made["description"], made["owners@odata.bind"]) == ("New", [user(9)])
    assert await world.members(made["id"]) == {user(1)}


@virtual
async def test_a_leaver_loses_every_assignment_but_the_one_events_may_not_touch() -> None:
    world = await posting()
    for group in (ENGINEERING, ADMIN):
        world.directory.join(group, user(1))
    world.directory.grant(user(1), kind="User")

    await world.posts(event(OFFBOARD, users=[ref(1)]))
    await world.ensures_until_done()

    assert await world.members(ENGINEERING) == set()
    assert await world.members(ADMIN) == {user(1)}
    assert world.given(user(1)) == []


@virtual
async def test_onboarding_and_provisioning_posted_together_make_one_member() -> None:
    world = await posting()
    await world.posts(event(users=[ref(1)], group=GROUP))
    await asyncio.sleep(2)
    await world.ensures_until_done()

    await world.posts(event(PROVISION, users=[ref(1)], group=GROUP, event_id="2"))
    await world.ensures_until_done()

    assert await world.members(ENGINEERING) == {user(1)}
    assert await actions(world, 1) == [(ENGINEERING, Action.ADDED)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_events_end_in_the_same_membership_whatever_their_order(
    order: tuple[int, ...],
) -> None:
    @virtual
    async def run() -> None:
        world = await posting()
        events = [
            event(users=[ref(1)], group=GROUP, event_id="1", age=3),
            event(users=[ref(1)], group=TEAM, event_id="2", age=2),
            event(OFFBOARD, users=[ref(1)], event_id="3", age=1),
        ]

        for number in order:
            await world.posts(events[number])
            await asyncio.sleep(2)
            await world.ensures()

        assert not await world.intents.open_intents(TOTAL)
        for group in [ENGINEERING, *world.directory.group_objects]:
            assert await world.members(group) == set()

    run()


class SlowStore(MemoryStore):
    """Each step takes a while, so that two events are taken in each other's midst."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = Random(seed)  # noqa: S311 - repeatable, no secret

    async def get(self, collection: str, partition: str, key: str) -> Document | None:
        await asyncio.sleep(self._random.random())
        return await super().get(collection, partition, key)

    async def commit(
        self, collection: str, partition: str, writes: Sequence[Write]
    ) -> Sequence[str | None]:
        await asyncio.sleep(self._random.random())
        return await super().commit(collection, partition, writes)


@pytest.mark.parametrize("seed", range(20))
def test_an_offboarding_that_is_taken_in_the_midst_of_an_older_onboarding_wins(seed: int) -> None:
    @virtual
    async def run() -> None:
        world = Posting(store=SlowStore(seed))
        await world.is_discovered()

        await asyncio.gather(
            world.posts(event(users=[ref(1)], group=GROUP, age=1)),
            world.posts(event(OFFBOARD, users=[ref(1)], event_id="2")),
        )
        await asyncio.sleep(2)
        await world.ensures_until_done()

        assert await world.members(ENGINEERING) == set()
        assert not await world.intents.open_intents(TOTAL)

    run()
